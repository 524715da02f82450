import { Alert, Button, Group } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { useNavigate } from "react-router";
import { type DesignDetail, type GraphDocument, toApiError, useCreateDesign } from "@/api";
import { useDesignDocument, useDesignStatus } from "@/document";
import { notifyError } from "@/ui/notify";
import classes from "./editor.module.css";

/** Unsent edits that met another version of the design, and the end of one's access: nothing vanishes silently. */
export function LeftoverNotice({ design }: { design: DesignDetail }) {
  const { t } = useTranslation("document");
  const navigate = useNavigate();
  const open = useDesignDocument();
  const { leftover, revoked } = useDesignStatus();
  const create = useCreateDesign();
  if (revoked) {
    return (
      <Alert color="red" radius={0} className={classes.notice} title={t("revoked.title")}>
        {t("revoked.text")}
      </Alert>
    );
  }
  if (!leftover) return null;
  const keep = () => {
    const name = t("leftover.copyName", { name: design.name });
    const document = { ...leftover, meta: { ...leftover.meta, name } } as unknown as GraphDocument;
    create.mutate(
      { name, document },
      {
        onSuccess: (copy) => {
          open.dropLeftover();
          void navigate(`/designs/${copy.id}`);
        },
        onError: (thrown) => notifyError(toApiError(thrown)),
      },
    );
  };
  return (
    <Alert
      color="yellow"
      radius={0}
      className={classes.notice}
      title={t("leftover.title")}
      data-testid="leftover"
    >
      {t("leftover.text")}
      <Group gap="xs" mt="xs">
        <Button size="xs" onClick={keep} loading={create.isPending}>
          {t("leftover.keep")}
        </Button>
        <Button size="xs" variant="default" onClick={() => open.dropLeftover()}>
          {t("leftover.drop")}
        </Button>
      </Group>
    </Alert>
  );
}
