import { Group, Stack, Text, Title } from "@mantine/core";
import type { ReactNode } from "react";

interface Props {
  icon?: ReactNode;
  title: string;
  text: string;
  children?: ReactNode;
}

/** A place with nothing in it yet: what will stand here and how to begin. */
export function Empty({ icon, title, text, children }: Props) {
  return (
    <Stack align="center" gap="xs" py={56} px="md" ta="center">
      {icon}
      <Title order={3} fz="lg">
        {title}
      </Title>
      <Text c="dimmed" maw={460} size="sm">
        {text}
      </Text>
      {children && (
        <Group mt="sm" justify="center">
          {children}
        </Group>
      )}
    </Stack>
  );
}
