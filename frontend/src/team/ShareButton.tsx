import { Button } from "@mantine/core";
import { IconUserPlus } from "@tabler/icons-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { Role } from "@/api/types";
import { ShareDialog } from "./ShareDialog";

interface Props {
  designId: string;
  designName: string;
  role: Role;
}

/** Opens the share dialog; a viewer has nothing to share and sees no button. */
export function ShareButton({ designId, designName, role }: Props) {
  const { t } = useTranslation("team");
  const [opened, setOpened] = useState(false);
  if (role === "viewer") return null;
  return (
    <>
      <Button
        size="xs"
        variant="light"
        leftSection={<IconUserPlus size={15} />}
        onClick={() => setOpened(true)}
        data-testid="share-open"
      >
        {t("share")}
      </Button>
      <ShareDialog
        designId={designId}
        designName={designName}
        role={role}
        opened={opened}
        onClose={() => setOpened(false)}
      />
    </>
  );
}
