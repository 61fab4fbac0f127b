import { defineConfig } from "vite";

/* The page stands at /studies/{study}/map and its parts at /viewer/. Two folders up, so that it also works behind a
   proxy that puts the whole server below a path of its own. */
const PARTS = "../../viewer/";

export default defineConfig({
  base: "./",
  experimental: {
    renderBuiltUrl: (file, { hostType }) => (hostType === "html" ? PARTS + file : { relative: true }),
  },
  publicDir: false,
  resolve: {
    // the build that needs no script made on the fly, so that the page's policy can forbid such
    alias: [{ find: /^maplibre-gl$/, replacement: "maplibre-gl/dist/maplibre-gl-csp.js" }],
  },
  build: {
    outDir: "../api/static/viewer",
    emptyOutDir: true,
    assetsDir: ".",
    assetsInlineLimit: 0,
    target: "es2022",
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 1100,
    license: { fileName: "licences.md" },
    rolldownOptions: {
      output: {
        codeSplitting: { groups: [{ name: "maplibre", test: /node_modules/ }] },
      },
    },
  },
});
