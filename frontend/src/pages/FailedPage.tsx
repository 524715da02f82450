import { Container } from "@mantine/core";
import { ErrorView, type ErrorWords } from "@/ui/ErrorView";

/** A page whose data could not be loaded. */
export function FailedPage({ error, onRetry }: { error: ErrorWords; onRetry: () => void }) {
  return (
    <Container size="sm" py={48}>
      <ErrorView error={error} onRetry={onRetry} />
    </Container>
  );
}
