import path from "node:path";
import react from "@vitejs/plugin-react";
import type { ProxyOptions } from "vite";
import { defineConfig } from "vitest/config";

const server = process.env.LAYERLOOM_URL ?? "http://127.0.0.1:8000";

/** The server answers its own origin only, so requests of the development page are sent on as its own. */
const proxy: ProxyOptions = {
  target: server,
  ws: true,
  changeOrigin: true,
  configure: (proxied) => {
    proxied.on("proxyReq", (request) => request.setHeader("origin", server));
    proxied.on("proxyReqWs", (request) => request.setHeader("origin", server));
  },
};

/** `index.html` serves development only; the server renders its own page around the built entry. */
export default defineConfig(({ command }) => ({
  plugins: [react()],
  base: command === "build" ? "/assets/app/" : "/",
  resolve: { alias: { "@": path.resolve(import.meta.dirname, "src") } },
  build: {
    outDir: "dist",
    manifest: "manifest.json",
    rollupOptions: { input: "src/main.tsx" },
    target: "es2023",
    // The first versions with light-dark(); for older ones it would be rewritten into variables that nothing sets.
    cssTarget: ["chrome123", "edge123", "firefox120", "safari17.5"],
    chunkSizeWarningLimit: 1600,
  },
  server: { proxy: { "/api": proxy, "/sign-in": proxy, "/share": proxy, "/assets": proxy } },
  test: { environment: "happy-dom", include: ["src/**/*.test.{ts,tsx}"], testTimeout: 30_000 },
}));
