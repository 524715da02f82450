import { Anchor, Button, Group, Stack, Table, Text, ThemeIcon } from "@mantine/core";
import { IconDownload, IconShieldCheck } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import type { Proof } from "@/api/exports";
import { saveBlob } from "@/lib/download";
import { formatBytes, formatCount } from "@/lib/format";
import classes from "./designs.module.css";
import type { Exported } from "./useExport";

function exponent(value: number): string {
  return value === 0 ? "0" : value.toExponential(1);
}

/** What was compared, as rows of words. */
function rowsOf(proof: Proof): { key: string; value: string; mono?: boolean }[] {
  const differences = proof.outputs.map((output) => output.largest_difference);
  const compared = proof.outputs.length > 0;
  return [
    { key: "readBy", value: proof.read_by },
    ...(compared ? [{ key: "samples", value: formatCount(proof.samples) }] : []),
    ...(compared ? [{ key: "difference", value: exponent(Math.max(...differences)) }] : []),
    ...(compared
      ? [{ key: "allowed", value: `${exponent(proof.atol)} + ${exponent(proof.rtol)} × |y|` }]
      : []),
    ...(proof.parameters === null ? [] : [{ key: "parameters", value: formatCount(proof.parameters) }]),
    { key: "bytes", value: formatBytes(proof.bytes) },
    { key: "sha256", value: proof.sha256, mono: true },
    ...Object.entries(proof.versions).map(([name, version]) => ({ key: name, value: version })),
  ];
}

const WORDS = new Set(["readBy", "samples", "difference", "allowed", "parameters", "bytes", "sha256"]);

interface ExportResultProps {
  exported: Exported;
  /** The name of the file without its end. */
  name: string;
  suffix: string;
}

/** The finished file: what was compared after it was read back, and the ways to keep it. */
export function ExportResult({ exported, name, suffix }: ExportResultProps) {
  const { t } = useTranslation("designs");
  const { proof, file, bundle } = exported;
  return (
    <Stack gap="sm" data-testid="export-result">
      <Group gap="xs" wrap="nowrap">
        <ThemeIcon color="teal" variant="light" radius="xl">
          <IconShieldCheck size={17} />
        </ThemeIcon>
        <Text size="sm" fw={600}>
          {t(proof.outputs.length > 0 ? "export.proven" : "export.checked")}
        </Text>
      </Group>
      <Table fz="xs" className={classes.proof} data-testid="export-proof">
        <Table.Tbody>
          {rowsOf(proof).map(({ key, value, mono }) => (
            <Table.Tr key={key}>
              <Table.Th scope="row">{WORDS.has(key) ? t(`export.proof.${key}`) : key}</Table.Th>
              <Table.Td ff={mono ? "monospace" : undefined}>{value}</Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
      {proof.outputs.length > 1 && (
        <details className={classes.details}>
          <summary>{t("export.outputs", { count: proof.outputs.length })}</summary>
          <Table fz="xs">
            <Table.Tbody>
              {proof.outputs.map((output) => (
                <Table.Tr key={output.name}>
                  <Table.Td>{output.name}</Table.Td>
                  <Table.Td>
                    {output.shape.join(" × ")} {output.dtype}
                  </Table.Td>
                  <Table.Td>{exponent(output.largest_difference)}</Table.Td>
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
        </details>
      )}
      {proof.notes.map((note) => (
        <Text key={note} size="xs" c="dimmed">
          {note}
        </Text>
      ))}
      <Group gap="md">
        <Button
          leftSection={<IconDownload size={16} />}
          onClick={() => void file.read().then((content) => saveBlob(`${name}${suffix}`, content))}
          data-testid="export-download"
        >
          {t("export.download", { file: suffix })}
        </Button>
        <Anchor
          component="button"
          size="sm"
          onClick={() => saveBlob(`${name}${suffix}.zip`, bundle)}
          data-testid="export-download-bundle"
        >
          {t("export.downloadBundle")}
        </Anchor>
      </Group>
    </Stack>
  );
}
