import assert from "node:assert/strict";
import test from "node:test";
import { create, pack, start, unpack } from "./common.mjs";

test("put then get", async (t) => {
  const container = await create(t, ["true"]);
  await container.putArchive(pack({ greeting: "hello" }), { path: "/tmp" });
  assert.deepEqual(await unpack(await container.getArchive({ path: "/tmp/greeting" })), { greeting: "hello" });
});

test("what is told of a file before it is fetched", async (t) => {
  const container = await create(t, ["true"]);
  await container.putArchive(pack({ file: "12345" }), { path: "/tmp" });
  const answer = await container.infoArchive({ path: "/tmp/file" });
  answer.destroy();
  const told = answer.headers?.["x-docker-container-path-stat"];
  const stat = JSON.parse(Buffer.from(told, "base64"));
  assert.equal(stat.name, "file");
  assert.equal(stat.size, 5);
});

test("export and changes", async (t) => {
  const container = await start(t, ["sh", "-c", "echo exported > /made; rm /bin/true"]);
  await container.wait();
  const files = await unpack(await container.export());
  assert.equal(files.made, "exported\n");
  const changes = Object.fromEntries((await container.changes()).map((change) => [change.Path, change.Kind]));
  assert.equal(changes["/made"], 1);
  assert.equal(changes["/bin/true"], 2);
});

test("an archive with a way out writes nothing outside", async (t) => {
  const container = await start(t, ["sleep", "600"]);
  await container.putArchive(pack({ "../../../escaped": "no" }), { path: "/tmp" }).catch(() => {});
  const fs = await import("node:fs");
  assert.equal(fs.existsSync("/escaped"), false);
});
