import { Anchor, Box, Skeleton, Text } from "@mantine/core";
import { IconChevronRight } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import { Link, useParams } from "react-router";
import { useDesign } from "@/api/designs";
import { toApiError } from "@/api/errors";
import { ExportDialog } from "@/designs/ExportDialog";
import { RunDashboard } from "@/runs/RunDashboard";
import { ShareButton } from "@/team/ShareButton";
import { HeaderSlot } from "@/ui/HeaderSlot";
import { FailedPage } from "./FailedPage";
import { NotFoundPage } from "./NotFoundPage";

export function RunsPage() {
  const { t } = useTranslation("runs");
  const { id = "", runId } = useParams();
  const design = useDesign(id);
  if (design.error && !design.data) {
    const error = toApiError(design.error);
    if (error.status === 404 || error.status === 403) return <NotFoundPage />;
    return <FailedPage error={error} onRetry={() => void design.refetch()} />;
  }
  if (!design.data) return <Skeleton height={200} m="lg" />;
  const { name, role } = design.data;
  return (
    <>
      <HeaderSlot side="start">
        <Anchor component={Link} to={`/designs/${id}`} size="sm" truncate="end" title={t("back")}>
          {name}
        </Anchor>
        <IconChevronRight size={14} stroke={1.7} style={{ flex: "none" }} />
        <Text size="sm" fw={600}>
          {t("title")}
        </Text>
      </HeaderSlot>
      <HeaderSlot side="end">
        <Box visibleFrom="sm">
          <ExportDialog designId={id} designName={name} />
        </Box>
        <ShareButton designId={id} designName={name} role={role} />
      </HeaderSlot>
      <RunDashboard designId={id} designName={name} role={role} runId={runId} />
    </>
  );
}
