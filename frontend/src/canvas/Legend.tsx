import { Menu, Tooltip, UnstyledButton, useComputedColorScheme } from "@mantine/core";
import { IconPalette } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import { COLORINGS, type ColorBy, useEditorView } from "@/actions";
import { formatCompact } from "@/lib/format";
import classes from "./canvas.module.css";
import { rampGradient, useColoring } from "./coloring";

/** What the colours of the cards tell, and the choice of it. */
export function Legend() {
  const { t } = useTranslation("canvas");
  const scheme = useComputedColorScheme("light");
  const { by, largest } = useColoring();
  return (
    <Menu position="top-start" width={200}>
      <Menu.Target>
        <UnstyledButton className={classes.legend} data-testid="color-by">
          <Tooltip label={t("color.choose")}>
            <IconPalette size={16} aria-label={t("color.choose")} role="img" />
          </Tooltip>
          {by !== "type" && (
            <>
              <span className={classes.legendTitle}>{t(`color.${by}`)}</span>
              {largest > 0 ? (
                <>
                  <span>0</span>
                  <span className={classes.ramp} style={{ background: rampGradient(scheme) }} />
                  <span data-testid="color-most">{formatCompact(largest)}</span>
                </>
              ) : (
                <span>{t("color.unknown")}</span>
              )}
            </>
          )}
        </UnstyledButton>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>{t("color.label")}</Menu.Label>
        <Menu.RadioGroup
          value={by}
          onChange={(picked) => useEditorView.setState({ colorBy: picked as ColorBy })}
        >
          {COLORINGS.map((each) => (
            <Menu.RadioItem key={each} value={each} closeMenuOnClick data-testid={`color-by-${each}`}>
              {t(`color.${each}`)}
            </Menu.RadioItem>
          ))}
        </Menu.RadioGroup>
      </Menu.Dropdown>
    </Menu>
  );
}
