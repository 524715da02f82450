import { Button, Menu, Text, UnstyledButton } from "@mantine/core";
import {
  type Icon,
  IconActivity,
  IconBell,
  IconBrackets,
  IconChevronRight,
  IconDice,
  IconFunction,
  IconPlus,
  IconRepeat,
  IconRuler,
  IconScale,
  IconTargetArrow,
  IconWaveSine,
} from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import { showOwnCode, useCodeView } from "@/actions/codeView";
import { useCanEdit, useCommands, useDesignDocument, useDocumentSelector } from "@/document";
import classes from "./code.module.css";
import { PieceEditor } from "./PieceEditor";
import { freeSource } from "./pieceName";
import { TEMPLATE_NAMES, TEMPLATES, type TemplateName } from "./templates";
import { countUses } from "./uses";

const ICONS: Record<TemplateName, Icon> = {
  layer: IconBrackets,
  cell: IconRepeat,
  loss: IconTargetArrow,
  metric: IconRuler,
  callback: IconBell,
  function: IconFunction,
  initializer: IconDice,
  regularizer: IconScale,
  activation: IconWaveSine,
};
const KIND_ICONS: Record<string, Icon> = Object.fromEntries(
  TEMPLATE_NAMES.toReversed().map((name) => [TEMPLATES[name].kind, ICONS[name]]),
);

/** The Python that belongs to the design: its pieces, or one of them for writing. */
export function OwnCode() {
  const piece = useCodeView((view) => view.piece);
  const known = useDocumentSelector((content) => piece !== null && piece in content.code);
  return piece !== null && known ? <PieceEditor key={piece} id={piece} /> : <PieceList />;
}

function useCreate(): (template: TemplateName) => void {
  const design = useDesignDocument();
  const commands = useCommands();
  return (template) => {
    const taken = new Set(Object.values(design.snapshot.content.code).map((piece) => piece.name));
    const made = freeSource(TEMPLATES[template].source, taken);
    const id = commands.addCode({ kind: TEMPLATES[template].kind, ...made });
    commands.endGesture();
    if (id) showOwnCode(id);
  };
}

function PieceList() {
  const code = useDocumentSelector((content) => content.code);
  const canEdit = useCanEdit();
  const pieces = Object.entries(code).sort(([, a], [, b]) => a.name.localeCompare(b.name, "en"));
  if (pieces.length === 0) return <NoPieces />;
  return (
    <>
      <div className={classes.scroll}>
        <ul className={classes.pieces} data-testid="own-code-list">
          {pieces.map(([id, piece]) => (
            <li key={id}>
              <Piece id={id} name={piece.name} />
            </li>
          ))}
        </ul>
      </div>
      {canEdit && (
        <footer className={classes.footer}>
          <NewPiece />
        </footer>
      )}
    </>
  );
}

function Piece({ id, name }: { id: string; name: string }) {
  const { t } = useTranslation("code");
  const kind = useDocumentSelector((content) => content.code[id]?.kind);
  const uses = useDocumentSelector((content) => {
    const piece = content.code[id];
    return piece ? countUses(content, piece) : 0;
  });
  const Sign = KIND_ICONS[kind ?? ""] ?? IconActivity;
  return (
    <UnstyledButton
      className={classes.piece}
      onClick={() => showOwnCode(id)}
      data-testid={`own-code-${name}`}
    >
      <span className={classes.pieceIcon} aria-hidden>
        <Sign size={18} stroke={1.7} />
      </span>
      <span className={classes.pieceWords}>
        <Text size="sm" fw={600} truncate="end">
          {name}
        </Text>
        <Text size="xs" c="dimmed">
          {kind && t(`kind.${kind}`)} · {t("uses", { count: uses })}
        </Text>
      </span>
      <IconChevronRight size={16} aria-hidden />
    </UnstyledButton>
  );
}

function NewPiece() {
  const { t } = useTranslation("code");
  const create = useCreate();
  return (
    <Menu position="top-start" width={320}>
      <Menu.Target>
        <Button size="compact-sm" leftSection={<IconPlus size={15} />} data-testid="own-code-new">
          {t("own.new")}
        </Button>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>{t("own.begin")}</Menu.Label>
        {TEMPLATE_NAMES.map((name) => {
          const Sign = ICONS[name];
          return (
            <Menu.Item
              key={name}
              leftSection={<Sign size={17} stroke={1.7} />}
              onClick={() => create(name)}
              data-testid={`own-code-template-${name}`}
            >
              <TemplateWords name={name} />
            </Menu.Item>
          );
        })}
      </Menu.Dropdown>
    </Menu>
  );
}

function NoPieces() {
  const { t } = useTranslation("code");
  const canEdit = useCanEdit();
  const create = useCreate();
  return (
    <div className={classes.scroll}>
      <Text fw={620}>{t("own.emptyTitle")}</Text>
      <Text size="sm" c="dimmed" mt={4} mb="md">
        {t(canEdit ? "own.emptyText" : "own.emptyViewer")}
      </Text>
      {canEdit && (
        <div className={classes.templates}>
          {TEMPLATE_NAMES.map((name) => {
            const Sign = ICONS[name];
            return (
              <UnstyledButton
                key={name}
                className={classes.piece}
                onClick={() => create(name)}
                data-testid={`own-code-template-${name}`}
              >
                <span className={classes.pieceIcon} aria-hidden>
                  <Sign size={18} stroke={1.7} />
                </span>
                <span className={classes.pieceWords}>
                  <TemplateWords name={name} />
                </span>
              </UnstyledButton>
            );
          })}
        </div>
      )}
    </div>
  );
}

function TemplateWords({ name }: { name: TemplateName }) {
  const { t } = useTranslation("code");
  return (
    <>
      <Text size="sm" fw={600}>
        {t(`template.${name}`)}
      </Text>
      <Text size="xs" c="dimmed">
        {t(`template.${name}Text`)}
      </Text>
    </>
  );
}
