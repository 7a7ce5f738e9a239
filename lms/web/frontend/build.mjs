// Copies fonts and icons out of the installed packages into ../static/dist, under names that change with their
// content, and writes fonts.css, icons.json and manifest.json beside them. The editor's modules become one file.
import { createHash } from "node:crypto";
import { copyFile, mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const here = dirname(fileURLToPath(import.meta.url));
const modules = join(here, "node_modules");
const out = join(here, "..", "static", "dist");

// Scripts that the interface is set in. The "-ext" halves of Greek and Cyrillic hold letters of no language that the
// product is translated into, and weigh 200 kB.
const subsets = ["latin", "latin-ext", "greek", "cyrillic", "vietnamese"];

const families = [
  {
    name: "Source Serif 4",
    package: "@fontsource-variable/source-serif-4",
    sheets: { normal: "opsz.css", italic: "opsz-italic.css" },
    preload: "source-serif-4-latin-opsz-normal",
    overrides: {},
  },
  {
    name: "Source Sans 3",
    package: "@fontsource-variable/source-sans-3",
    sheets: { normal: "wght.css", italic: "wght-italic.css" },
    preload: "source-sans-3-latin-wght-normal",
    // The face sits high in its line; with these an icon beside a word is centred on the word.
    overrides: { "ascent-override": "101%", "descent-override": "32%", "line-gap-override": "0%" },
  },
];

const manifest = { preload: [], licences: {} };

async function copyHashed(source, folder, name, extension) {
  const digest = createHash("sha256").update(await readFile(source)).digest("hex").slice(0, 10);
  const target = `${folder}/${name}.${digest}.${extension}`;
  await copyFile(source, join(out, target));
  return { target, digest };
}

// One @font-face of a fontsource sheet is: a comment with the file's name, then the rule.
function facesOf(sheet) {
  const pattern = /url\(\.\/files\/([\w-]+)\.woff2\)[^;]*;\s*unicode-range:\s*([^;]+);/g;
  return [...sheet.matchAll(pattern)].map(([, file, range]) => ({ file, range }));
}

function weightOf(sheet) {
  return sheet.match(/font-weight:\s*([^;]+);/)[1];
}

async function fonts() {
  const rules = [];
  for (const family of families) {
    const folder = join(modules, family.package);
    for (const [style, sheetName] of Object.entries(family.sheets)) {
      const sheet = await readFile(join(folder, sheetName), "utf8");
      const kept = facesOf(sheet).filter(({ file }) => subsets.some((subset) => isSubset(file, subset)));
      if (kept.length !== subsets.length) throw new Error(`${sheetName}: ${kept.length} of ${subsets.length} subsets`);
      for (const { file, range } of kept) {
        const copy = await copyHashed(join(folder, "files", `${file}.woff2`), "fonts", file, "woff2");
        if (file === family.preload) manifest.preload.push(copy.target);
        rules.push(fontFace(family, style, weightOf(sheet), copy, range));
      }
    }
    manifest.licences[family.package] = await copyLicence(family.package, "LICENSE");
  }
  await writeFile(join(out, "fonts.css"), rules.join("\n"));
}

function isSubset(file, subset) {
  return new RegExp(`-\\d-${subset}-(opsz|wght)-(normal|italic)$`).test(file);
}

// The address must be, letter for letter, the one that asset() makes for the preload (with ?v= and the digest), or
// browsers load the file twice.
function fontFace(family, style, weight, { target, digest }, range) {
  const overrides = Object.entries(family.overrides).map(([name, value]) => `${name}:${value};`).join("");
  return (
    `@font-face{font-family:"${family.name}";font-style:${style};font-weight:${weight};font-display:swap;` +
    `${overrides}src:url("${target}?v=${digest}") format("woff2");unicode-range:${range}}\n`
  );
}

async function copyLicence(name, file) {
  const target = `licences/${name.replace("@", "").replace("/", "-")}.txt`;
  await copyFile(join(modules, name, file), join(out, target));
  return target;
}

function insideOf(svg) {
  return svg.replace(/^[\s\S]*?<svg[^>]*>/, "").replace(/<\/svg>\s*$/, "").replace(/>\s+</g, "><").trim();
}

async function readIcons(folder, variant, icons) {
  for (const file of (await readdir(folder)).filter((name) => name.endsWith(".svg")).sort()) {
    const name = file.slice(0, -".svg".length);
    icons[name] = { ...icons[name], [variant]: insideOf(await readFile(join(folder, file), "utf8")) };
  }
}

async function icons() {
  const found = {};
  await readIcons(join(modules, "heroicons", "24", "outline"), "outline", found);
  await readIcons(join(modules, "heroicons", "16", "solid"), "solid16", found);
  await readIcons(join(here, "src", "icons"), "outline", found);
  manifest.licences.heroicons = await copyLicence("heroicons", "LICENSE");
  await writeFile(join(out, "icons.json"), JSON.stringify(found));
}

// The shell, and the editor of formatted words, which is loaded into the page's frame when it is first needed. Browsers
// of the last two years: the editor needs :has() and contenteditable="plaintext-only" (Firefox 136).
async function editor() {
  for (const [source, name] of [["editor/editor.js", "editor.js"], ["text/text.js", "text.js"]]) {
    const { metafile } = await build({
      entryPoints: [join(here, "src", source)],
      outfile: join(out, name),
      bundle: true,
      minify: true,
      format: "esm",
      target: "es2022",
      legalComments: "none",
      logLevel: "error",
      metafile: true,
    });
    await licencesOf(Object.keys(metafile.inputs));
  }
}

// The licence of every package of which a part is in a bundle.
async function licencesOf(inputs) {
  const found = inputs.map((path) => path.match(/node_modules\/((?:@[^/]+\/)?[^/]+)\//)?.[1]).filter(Boolean);
  for (const name of [...new Set(found)].sort()) {
    const file = (await readdir(join(modules, name))).find((each) => /^licen[cs]e/i.test(each));
    if (file) manifest.licences[name] = await copyLicence(name, file);
    else manifest.licences[name] = JSON.parse(await readFile(join(modules, name, "package.json"), "utf8")).license;
  }
}

// Tests read axe from here; the wheel leaves dev/ out.
async function developmentFiles() {
  await copyFile(join(modules, "axe-core", "axe.min.js"), join(out, "dev", "axe.min.js"));
}

await rm(out, { recursive: true, force: true });
for (const folder of ["fonts", "licences", "dev"]) await mkdir(join(out, folder), { recursive: true });
await fonts();
await icons();
await editor();
await developmentFiles();
await writeFile(join(out, "manifest.json"), JSON.stringify(manifest, null, 1));
