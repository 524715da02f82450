import { type CSSVariablesResolver, createTheme, type MantineColorsTuple } from "@mantine/core";
import i18n from "@/i18n";

const loom: MantineColorsTuple = [
  "#eef0ff",
  "#dee2fb",
  "#bac2f3",
  "#949fea",
  "#7582e2",
  "#5a69de",
  "#4456d8",
  "#3849bd",
  "#3040a6",
  "#26348c",
];

/** Cool greys, from the lightest text to the deepest surface. */
const dark: MantineColorsTuple = [
  "#d8dce6",
  "#b4bac9",
  "#8b93a6",
  "#656e83",
  "#3a4254",
  "#2b3242",
  "#1f2532",
  "#171c26",
  "#11151d",
  "#0b0e14",
];

const gray: MantineColorsTuple = [
  "#f7f8fa",
  "#f0f2f5",
  "#e6e9ee",
  "#dadee6",
  "#c6ccd7",
  "#a5adbc",
  "#7d8699",
  "#59627a",
  "#3a4256",
  "#1e2433",
];

const closeButtonProps = { "aria-label": i18n.t("common:close") };

export const theme = createTheme({
  colors: { loom, dark, gray },
  primaryColor: "loom",
  primaryShade: { light: 6, dark: 5 },
  black: "#1a2030",
  fontFamily:
    'Inter, "Inter Variable", system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", "Noto Sans", sans-serif',
  fontFamilyMonospace:
    'ui-monospace, "SF Mono", "Cascadia Code", "JetBrains Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace',
  headings: { fontWeight: "620" },
  defaultRadius: "md",
  cursorType: "pointer",
  respectReducedMotion: true,
  components: {
    Tooltip: { defaultProps: { openDelay: 350, withArrow: false, fz: "xs", multiline: true, maw: 320 } },
    Modal: {
      styles: { title: { fontWeight: 620 } },
      defaultProps: { centered: true, overlayProps: { backgroundOpacity: 0.4, blur: 2 }, closeButtonProps },
    },
    Drawer: { styles: { title: { fontWeight: 620 } }, defaultProps: { closeButtonProps } },
    Select: { defaultProps: { selectFirstOptionOnChange: true } },
    Switch: { defaultProps: { withThumbIndicator: false } },
    ActionIcon: { defaultProps: { variant: "subtle", color: "gray" } },
    Menu: { defaultProps: { shadow: "md", position: "bottom-end", withInitialFocusPlaceholder: false } },
    Paper: { defaultProps: { radius: "md" } },
    Badge: { styles: { root: { textTransform: "none", fontWeight: 550 } } },
    Card: { defaultProps: { radius: "md" } },
  },
});

const HUES = ["loom", "red", "orange", "yellow", "teal", "cyan", "green", "grape", "gray"];

/** Text on a tinted surface of the light scheme: dark enough to be read at any size. */
function lightTints(): Record<string, string> {
  return Object.fromEntries(
    HUES.filter((hue) => hue !== "loom" && hue !== "gray").map((hue) => [
      `--mantine-color-${hue}-light-color`,
      `color-mix(in srgb, var(--mantine-color-${hue}-9) 70%, black)`,
    ]),
  );
}

/** Tinted surfaces of the dark scheme: a breath of the colour, with text in its light shade. */
function darkTints(): Record<string, string> {
  const tints = HUES.map((hue) => {
    const [base, text] =
      hue === "gray"
        ? ["var(--mantine-color-dark-2)", "dark-0"]
        : [`var(--mantine-color-${hue}-5)`, `${hue}-3`];
    return {
      [`--mantine-color-${hue}-light`]: `color-mix(in srgb, ${base} 15%, transparent)`,
      [`--mantine-color-${hue}-light-hover`]: `color-mix(in srgb, ${base} 22%, transparent)`,
      [`--mantine-color-${hue}-light-color`]: `var(--mantine-color-${text})`,
    };
  });
  return Object.assign({}, ...tints);
}

export const cssVariables: CSSVariablesResolver = () => ({
  variables: { "--loom-header": "52px" },
  light: {
    "--loom-page": "var(--mantine-color-gray-0)",
    "--loom-surface": "var(--mantine-color-white)",
    "--loom-sunken": "var(--mantine-color-gray-1)",
    "--loom-border": "var(--mantine-color-gray-3)",
    "--loom-faint": "var(--mantine-color-gray-2)",
    "--mantine-color-dimmed": "var(--mantine-color-gray-7)",
    ...lightTints(),
  },
  dark: {
    "--loom-page": "var(--mantine-color-dark-8)",
    "--loom-surface": "var(--mantine-color-dark-7)",
    "--loom-sunken": "var(--mantine-color-dark-9)",
    "--loom-border": "var(--mantine-color-dark-5)",
    "--loom-faint": "var(--mantine-color-dark-6)",
    "--mantine-color-dimmed": "var(--mantine-color-dark-2)",
    ...darkTints(),
  },
});
