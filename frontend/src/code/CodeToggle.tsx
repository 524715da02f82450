import { Button } from "@mantine/core";
import { IconCode } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import { toggleCode, useCodeView } from "@/actions/codeView";

/** Opens and closes the code beside the canvas. */
export function CodeToggle() {
  const { t } = useTranslation("code");
  const open = useCodeView((view) => view.open);
  return (
    <Button
      variant={open ? "light" : "default"}
      size="xs"
      leftSection={<IconCode size={15} />}
      aria-pressed={open}
      onClick={toggleCode}
      data-testid="code-toggle"
    >
      {t("open")}
    </Button>
  );
}
