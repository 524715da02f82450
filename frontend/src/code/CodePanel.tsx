import { ActionIcon, SegmentedControl, Tooltip } from "@mantine/core";
import { IconX } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import { type CodeTab, useCodeView } from "@/actions/codeView";
import { useCatalog } from "@/catalog";
import { useDocumentSelector } from "@/document";
import classes from "./code.module.css";
import { DesignCode } from "./DesignCode";
import { OwnCode } from "./OwnCode";

/** The design as Python, and the Python that belongs to the design. */
export function CodePanel({ onClose }: { onClose: () => void }) {
  const { t } = useTranslation("code");
  const tab = useCodeView((view) => view.tab);
  const pieces = useDocumentSelector((content) => Object.keys(content.code).length);
  useCatalog();
  return (
    <section className={classes.panel} data-testid="code-panel">
      <header className={classes.header}>
        <SegmentedControl
          size="xs"
          value={tab}
          aria-label={t("title")}
          data-testid="code-tabs"
          data={[
            { value: "design", label: t("tab.design") },
            { value: "own", label: pieces > 0 ? t("tab.ownCount", { count: pieces }) : t("tab.own") },
          ]}
          onChange={(value) => useCodeView.setState({ tab: value as CodeTab })}
        />
        <span className={classes.spacer} />
        <Tooltip label={t("close")}>
          <ActionIcon aria-label={t("close")} onClick={onClose} data-testid="code-close">
            <IconX size={17} />
          </ActionIcon>
        </Tooltip>
      </header>
      {tab === "design" ? <DesignCode /> : <OwnCode />}
    </section>
  );
}
