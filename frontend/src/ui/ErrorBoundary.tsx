import { Component, type ReactNode } from "react";
import { CrashView } from "./CrashView";

/** Catches what a component throws, so that one broken part says so instead of taking the page away. */
export class ErrorBoundary extends Component<{ children: ReactNode }, { error: Error | null }> {
  override state: { error: Error | null } = { error: null };

  static getDerivedStateFromError(error: Error) {
    return { error };
  }

  override render() {
    if (this.state.error === null) return this.props.children;
    return <CrashView error={this.state.error} onRetry={() => this.setState({ error: null })} />;
  }
}
