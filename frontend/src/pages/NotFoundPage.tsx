import { Button } from "@mantine/core";
import { IconMapOff } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { Empty } from "@/ui/Empty";

export function NotFoundPage() {
  const { t } = useTranslation("common");
  return (
    <Empty icon={<IconMapOff size={40} stroke={1.3} />} title={t("notFound.title")} text={t("notFound.text")}>
      <Button component={Link} to="/">
        {t("notFound.home")}
      </Button>
    </Empty>
  );
}
