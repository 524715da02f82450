import { Tooltip } from "@mantine/core";
import { type Icon, IconCheck, IconCloudOff, IconDots, IconEye, IconLoader2 } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import { type SaveState, useDesignStatus } from "@/document";
import classes from "./editor.module.css";

const ICONS: Record<SaveState, Icon> = {
  saved: IconCheck,
  saving: IconLoader2,
  offline: IconCloudOff,
  loading: IconDots,
  readonly: IconEye,
};

/** Where one's edits are now. "Saved" only when the server has said that it holds every one of them. */
export function SavedChip() {
  const { t } = useTranslation("document");
  const { save, revoked } = useDesignStatus();
  const state = revoked ? "revoked" : save;
  const Icon = revoked ? IconCloudOff : ICONS[save];
  return (
    <Tooltip label={t(`saveHelp.${state}`)}>
      <span className={classes.chip} data-state={state} data-testid="saved-chip" role="status">
        <Icon size={14} stroke={2} aria-hidden />
        <span className={classes.chipText}>{t(`save.${state}`)}</span>
      </span>
    </Tooltip>
  );
}
