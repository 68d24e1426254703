// The page that says what is running: version, and the collections that the
// key may see. Talks to the API it is served from and to nobody else.
"use strict";

const get = (id) => document.getElementById(id);
const KEY = "qdrant_pg.api_key";

async function api(path) {
  const key = sessionStorage.getItem(KEY);
  const answer = await fetch(path, { headers: key ? { "api-key": key } : {} });
  if (answer.status === 401 || answer.status === 403) {
    throw Object.assign(new Error(await answer.text()), { denied: true });
  }
  const body = await answer.json();
  if (!answer.ok) {
    throw new Error(body.status?.error ?? `HTTP ${answer.status}`);
  }
  return body;
}

function describeVectors(vectors) {
  const named = "size" in vectors ? { "": vectors } : vectors;
  return Object.entries(named)
    .map(([name, v]) => `${name ? name + ": " : ""}${v.size} ${v.distance}`)
    .join(", ");
}

async function row(name) {
  const info = (await api(`/collections/${encodeURIComponent(name)}`)).result;
  const tr = document.createElement("tr");
  const cells = [
    name,
    info.status,
    info.points_count.toLocaleString(),
    describeVectors(info.config.params.vectors ?? {}),
  ];
  for (const text of cells) {
    tr.insertCell().textContent = text;
  }
  return tr;
}

async function showCollections() {
  const { collections } = (await api("/collections")).result;
  const rows = await Promise.all(collections.map((c) => row(c.name)));
  document.querySelector("tbody").replaceChildren(...rows);
  get("login").hidden = true;
  get("collections").hidden = false;
  get("empty").hidden = get("snippet").hidden = collections.length > 0;
  get("snippet").textContent =
    `curl -X PUT ${location.origin}/collections/documents -H 'api-key: …' ` +
    `-d '{"vectors": {"size": 384, "distance": "Cosine"}}'`;
}

async function start() {
  try {
    const { title, version } = await api("/");
    get("running").textContent =
      `qdrant_pg is running: it speaks the API of Qdrant ${version} (“${title}”).`;
    await showCollections();
  } catch (error) {
    if (error.denied) {
      sessionStorage.removeItem(KEY);
      get("login").hidden = false;
      get("login-error").textContent = get("key").value ? error.message : "";
    } else {
      get("running").textContent = `The server did not answer: ${error.message}`;
    }
  }
}

get("login").addEventListener("submit", (event) => {
  event.preventDefault();
  sessionStorage.setItem(KEY, get("key").value);
  start();
});

start();
