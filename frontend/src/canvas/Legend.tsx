import { Menu, UnstyledButton, useComputedColorScheme } from "@mantine/core";
import { IconPalette } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import { COLORINGS, useEditorView } from "@/actions";
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
        <UnstyledButton className={classes.legend} aria-label={t("color.choose")} data-testid="color-by">
          <IconPalette size={15} aria-hidden />
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
        {COLORINGS.map((each) => (
          <Menu.Item
            key={each}
            role="menuitemradio"
            aria-checked={each === by}
            fw={each === by ? 600 : undefined}
            data-testid={`color-by-${each}`}
            onClick={() => useEditorView.setState({ colorBy: each })}
          >
            {t(`color.${each}`)}
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  );
}
