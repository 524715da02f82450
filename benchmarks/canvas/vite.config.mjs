import path from "node:path";

const frontend = path.resolve(import.meta.dirname, "../../frontend");

/** The page lives outside the front end but is built from its packages. */
const packagesOfTheFrontEnd = {
  name: "packages-of-the-front-end",
  enforce: "pre",
  resolveId(source, importer, options) {
    const bare = /^[a-z@][^:]*$/i.test(source) && !source.startsWith("@/");
    if (!bare || !importer?.startsWith(import.meta.dirname)) return null;
    return this.resolve(source, path.join(frontend, "src/main.tsx"), { ...options, skipSelf: true });
  },
};

export default {
  root: import.meta.dirname,
  base: "./",
  plugins: [packagesOfTheFrontEnd],
  resolve: { alias: { "@": path.join(frontend, "src") } },
  oxc: { jsx: { runtime: "automatic" } },
  build: { emptyOutDir: true, target: "es2023", chunkSizeWarningLimit: 4000 },
  server: { fs: { allow: [path.resolve(frontend, "..")] } },
};
