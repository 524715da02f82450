import { Code, Group, Text } from "@mantine/core";
import { layerStyle, layerTitle, type ObjectSpec } from "@/catalog";
import { InlineDoc } from "@/ui/params";
import classes from "./palette.module.css";

/** The sign of a layer's category. */
export function LayerIcon({ spec, size = 15 }: { spec: ObjectSpec; size?: number }) {
  const { icon: Icon, color, tint } = layerStyle(spec);
  return (
    <span className={classes.icon} style={{ color, background: tint }} aria-hidden>
      <Icon size={size} stroke={1.8} />
    </span>
  );
}

/** What a layer is, in the words of the Keras docs. */
export function LayerCard({ spec, hint }: { spec: ObjectSpec; hint?: string }) {
  return (
    <>
      <Group gap={8} mb={6} wrap="nowrap">
        <LayerIcon spec={spec} />
        <Text size="sm" fw={600}>
          {layerTitle(spec.name)}
        </Text>
      </Group>
      <Text size="xs" component="div">
        <InlineDoc>{spec.summary ?? ""}</InlineDoc>
      </Text>
      <Code mt={8} fz={11} display="inline-block">
        {spec.qualified_name}
      </Code>
      {hint && (
        <Text size="xs" c="dimmed" mt={8}>
          {hint}
        </Text>
      )}
    </>
  );
}
