import {
  ActionIcon,
  Avatar,
  Badge,
  Box,
  Group,
  Menu,
  Text,
  UnstyledButton,
  VisuallyHidden,
} from "@mantine/core";
import { IconDatabase, IconLayoutGrid, IconLogout, IconMenu2, IconTopologyStar3 } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import { Link, Outlet, useLocation } from "react-router";
import { toApiError } from "@/api/errors";
import { useSession, useSignOut } from "@/api/session";
import { ErrorView } from "@/ui/ErrorView";
import { HEADER_END, HEADER_START } from "@/ui/HeaderSlot";
import { Logo } from "@/ui/Logo";
import { OfflineBanner } from "@/ui/OfflineBanner";
import { ThemeToggle } from "@/ui/ThemeToggle";
import classes from "./Shell.module.css";
import { SignedOutPage } from "./SignedOutPage";

const PLACES = [
  { to: "/", key: "nav.designs", icon: IconTopologyStar3 },
  { to: "/gallery", key: "nav.gallery", icon: IconLayoutGrid },
  { to: "/datasets", key: "nav.datasets", icon: IconDatabase },
] as const;

function isHere(to: string, pathname: string): boolean {
  return to === "/" ? pathname === "/" : pathname.startsWith(to);
}

function Places() {
  const { t } = useTranslation("common");
  const { pathname } = useLocation();
  const session = useSession();
  // The holder of a share link has one design and no data sets.
  if (!session.data?.user) return null;
  return (
    <>
      <Group component="nav" gap={2} visibleFrom="sm" aria-label={t("nav.label")} wrap="nowrap">
        {PLACES.map(({ to, key }) => (
          <Link
            key={to}
            to={to}
            className={classes.place}
            aria-current={isHere(to, pathname) ? "page" : undefined}
          >
            {t(key)}
          </Link>
        ))}
      </Group>
      <Menu position="bottom-start">
        <Menu.Target>
          <ActionIcon size="lg" hiddenFrom="sm" aria-label={t("nav.label")}>
            <IconMenu2 size={18} />
          </ActionIcon>
        </Menu.Target>
        <Menu.Dropdown>
          {PLACES.map(({ to, key, icon: Icon }) => (
            <Menu.Item key={to} component={Link} to={to} leftSection={<Icon size={16} />}>
              {t(key)}
            </Menu.Item>
          ))}
        </Menu.Dropdown>
      </Menu>
    </>
  );
}

function Account() {
  const { t } = useTranslation("common");
  const { data } = useSession();
  const signOut = useSignOut();
  if (data?.link && !data.user) {
    return (
      <Badge variant="light" size="lg">
        {t("account.viewing")}
      </Badge>
    );
  }
  if (!data?.user) return null;
  return (
    <Menu>
      <Menu.Target>
        <UnstyledButton data-testid="account-menu">
          <Avatar size={30} radius="xl" color="loom" name={data.user.name} aria-hidden />
          <VisuallyHidden>{t("account.menu", { name: data.user.name })}</VisuallyHidden>
        </UnstyledButton>
      </Menu.Target>
      <Menu.Dropdown>
        <Box px="sm" py={6}>
          <Text size="sm" fw={600}>
            {data.user.name}
          </Text>
          {data.workspace && (
            <Text size="xs" c="dimmed">
              {data.workspace.name} · {t(`role.${data.workspace.role}`)}
            </Text>
          )}
        </Box>
        <Menu.Divider />
        <Menu.Item leftSection={<IconLogout size={16} />} onClick={() => signOut.mutate()}>
          {t("account.signOut")}
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}

/** The frame of every page: header with places, the page's own controls, theme and account. */
export function Shell() {
  const { t } = useTranslation("common");
  const session = useSession();
  const nobody = session.data && !session.data.user && !session.data.link;
  const refused = session.error && toApiError(session.error).status === 401;

  return (
    <div className={classes.frame}>
      <a href="#main" className={classes.skip}>
        {t("nav.skip")}
      </a>
      <header className={classes.header}>
        <Link to="/" className={classes.brand} aria-label={t("product")}>
          <Logo />
          <Text fw={650} visibleFrom="md" fz={15}>
            {t("product")}
          </Text>
        </Link>
        <Places />
        <div id={HEADER_START} className={classes.start} />
        <div id={HEADER_END} className={classes.end} />
        <ThemeToggle />
        <Account />
      </header>
      <OfflineBanner />
      <main id="main" className={classes.main} tabIndex={-1}>
        {nobody || refused ? (
          <SignedOutPage />
        ) : session.error && !session.data ? (
          <Box p="lg" maw={720} mx="auto">
            <ErrorView error={toApiError(session.error)} onRetry={() => void session.refetch()} />
          </Box>
        ) : session.data ? (
          <Outlet />
        ) : null}
      </main>
    </div>
  );
}
