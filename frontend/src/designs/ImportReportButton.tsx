import { ActionIcon, Button, Indicator, Modal, Select, Text, Tooltip } from "@mantine/core";
import { IconFileImport } from "@tabler/icons-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useCatalog } from "@/catalog";
import { useCanEdit, useCommands, useDesignDocument, useDocumentSelector } from "@/document";
import { ReportTable } from "./ImportReport";
import { findReport } from "./importReports";
import { mapEdits, placeholdersOf } from "./placeholders";

interface ImportReportButtonProps {
  /** Write a class for the placeholder with this layer id; none where own code cannot be written. */
  onWrite?: (layer: string) => void;
}

/** What the import of this design said, for as long as this browser remembers; placeholders are mended here. */
export function ImportReportButton({ onWrite }: ImportReportButtonProps) {
  const { t } = useTranslation("designs");
  const design = useDesignDocument();
  const canEdit = useCanEdit();
  const [report] = useState(() => findReport(design.id));
  const [opened, setOpened] = useState(false);
  const open = useDocumentSelector((content) => placeholdersOf(content).size);
  if (!report || report.layers.length === 0) return null;
  return (
    <>
      <Tooltip label={t("import.again", { name: report.filename })}>
        <Indicator disabled={open === 0} label={open} size={15} color="orange" offset={4}>
          <ActionIcon
            size="lg"
            aria-label={t("import.again", { name: report.filename })}
            onClick={() => setOpened(true)}
            data-testid="import-report-open"
          >
            <IconFileImport size={18} stroke={1.7} />
          </ActionIcon>
        </Indicator>
      </Tooltip>
      <Modal
        opened={opened}
        onClose={() => setOpened(false)}
        size="xl"
        title={t("import.title", { name: report.filename })}
      >
        <ReportTable
          report={report}
          action={
            canEdit
              ? (layer) =>
                  layer.outcome === "placeholder" && (
                    <MapPlaceholder
                      name={layer.name}
                      onWrite={
                        onWrite &&
                        ((id) => {
                          setOpened(false);
                          onWrite(id);
                        })
                      }
                    />
                  )
              : undefined
          }
        />
      </Modal>
    </>
  );
}

function MapPlaceholder({ name, onWrite }: { name: string; onWrite?: (layer: string) => void }) {
  const { t } = useTranslation("designs");
  const design = useDesignDocument();
  const commands = useCommands();
  const { data: catalog } = useCatalog();
  const id = useDocumentSelector((content) => placeholdersOf(content).get(name));
  const code = useDocumentSelector((content) => content.code);
  if (id === undefined) {
    return (
      <Text size="xs" c="teal">
        {t("import.mapped")}
      </Text>
    );
  }
  const own = Object.values(code).flatMap((piece) => (piece.kind === "layers" ? [piece.name] : []));
  const classes = Object.keys(catalog?.objects.layers ?? {});
  return (
    <>
      <Select
        size="xs"
        w={170}
        searchable
        placeholder={t("import.mapTo")}
        aria-label={t("import.mapOf", { name })}
        value={null}
        data={[
          ...(own.length > 0 ? [{ group: t("import.own"), items: own }] : []),
          { group: t("import.catalog"), items: classes.filter((each) => !own.includes(each)) },
        ]}
        limit={60}
        onChange={(className) => {
          if (className) commands.applyEdits(mapEdits(design.snapshot.content, id, className));
          commands.endGesture();
        }}
        data-testid={`import-map-${name}`}
      />
      {onWrite && (
        <Button size="compact-xs" variant="subtle" mt={2} onClick={() => onWrite(id)}>
          {t("import.write")}
        </Button>
      )}
    </>
  );
}
