import { Code, Stack, Text, type TextProps } from "@mantine/core";
import { Fragment } from "react";

/** Text from the Keras docs: paragraphs, `code` and fenced blocks, nothing else. */
export function DocText({ children, ...props }: { children: string } & TextProps) {
  const blocks = children.split(/```(?:\w+\n)?/);
  return (
    <Stack gap={6}>
      {blocks.map((block, index) =>
        index % 2 === 1 ? (
          // biome-ignore lint/suspicious/noArrayIndexKey: the blocks of one text never move
          <Code block fz={11} key={index}>
            {block.trim()}
          </Code>
        ) : (
          // biome-ignore lint/suspicious/noArrayIndexKey: the blocks of one text never move
          <Paragraphs key={index} text={block} props={props} />
        ),
      )}
    </Stack>
  );
}

function Paragraphs({ text, props }: { text: string; props: TextProps }) {
  return text
    .split(/\n\s*\n/)
    .filter((paragraph) => paragraph.trim())
    .map((paragraph, index) => (
      // biome-ignore lint/suspicious/noArrayIndexKey: the paragraphs of one text never move
      <Text key={index} size="xs" style={{ overflowWrap: "anywhere" }} {...props}>
        <InlineDoc>{paragraph.trim()}</InlineDoc>
      </Text>
    ));
}

/** One run of text, with `code` set as code. */
export function InlineDoc({ children }: { children: string }) {
  return children.split(/`+([^`]+)`+/).map((part, index) =>
    index % 2 === 1 ? (
      // biome-ignore lint/suspicious/noArrayIndexKey: the parts of one text never move
      <Code key={index} fz="0.92em" px={3}>
        {part}
      </Code>
    ) : (
      // biome-ignore lint/suspicious/noArrayIndexKey: the parts of one text never move
      <Fragment key={index}>{part.replace(/\*\*?([^*\n]+)\*\*?/g, "$1")}</Fragment>
    ),
  );
}
