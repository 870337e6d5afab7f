import assert from "node:assert/strict";
import test from "node:test";
import { Readable } from "node:stream";
import { build, bytes, create, docker, name, progress, removeImage, start, IMAGE } from "./common.mjs";

test("list, inspect, history", async (t) => {
  const label = name();
  const { tag } = await build(t, `FROM ${IMAGE}\nENV COLOUR=blue\nLABEL clients=${label}\n`);
  const image = docker.getImage(tag);
  const found = await image.inspect();
  assert.ok(found.Config.Env.includes("COLOUR=blue"));
  const listed = await docker.listImages({ filters: { label: [`clients=${label}`] } });
  assert.deepEqual(listed.map((each) => each.Id), [found.Id]);
  const history = await image.history();
  assert.equal(history[0].Id, found.Id);
  assert.match(history[1].CreatedBy, /COLOUR=blue/);
});

test("tag and remove", async (t) => {
  const { tag } = await build(t, `FROM ${IMAGE}\nLABEL of=${name()}\n`);
  const other = name();
  await docker.getImage(tag).tag({ repo: other, tag: "v1" });
  assert.deepEqual(await docker.getImage(`${other}:v1`).remove(), [{ Untagged: `${other}:v1` }]);
  const id = (await docker.getImage(tag).inspect()).Id;
  const deleted = await docker.getImage(tag).remove();
  assert.deepEqual(deleted[0], { Untagged: `${tag}:latest` });
  assert.ok(deleted.some((line) => line.Deleted === id));
});

test("build tells its steps and its failures", async (t) => {
  const { log } = await build(t, `FROM ${IMAGE}\nRUN echo from the build\n`);
  const said = log.map((line) => line.stream ?? "").join("");
  assert.match(said, /Step 1\/2 : FROM busybox/);
  assert.match(said, /from the build\n/);
  assert.ok(log.some((line) => line.aux?.ID?.startsWith("sha256:")));
  await assert.rejects(build(t, `FROM ${IMAGE}\nRUN exit 7\n`), /returned a non-zero code: 7/);
});

test("build with another Dockerfile's name, arguments and a target", async (t) => {
  const dockerfile = `FROM ${IMAGE} AS first\nARG WHO\nRUN echo $WHO > /who\nFROM ${IMAGE}\n`;
  const { tag } = await build(t, dockerfile, { buildargs: { WHO: "me" }, target: "first" });
  const container = await create(t, ["cat", "/who"], { Image: tag });
  const stream = await container.attach({ stream: true, stdout: true });
  await container.start();
  assert.match(await bytes(stream), /me\n$/);
});

test("save and load keep the id", async (t) => {
  const { tag } = await build(t, `FROM ${IMAGE}\nRUN echo ${name()} > /made\n`);
  const id = (await docker.getImage(tag).inspect()).Id;
  const chunks = [];
  for await (const chunk of await docker.getImage(tag).get()) chunks.push(chunk);
  await docker.getImage(tag).remove({ force: true });
  const lines = await progress(await docker.loadImage(Readable.from(chunks)));
  assert.match(lines.map((line) => line.stream ?? "").join(""), new RegExp(`Loaded image: ${tag}:latest`));
  assert.equal((await docker.getImage(tag).inspect()).Id, id);
});

test("commit", async (t) => {
  const container = await start(t, ["sh", "-c", "echo kept > /kept"]);
  await container.wait();
  const repo = name();
  removeImage(t, `${repo}:v1`);
  const made = await container.commit({ repo, tag: "v1", comment: "why", changes: 'CMD ["cat", "/kept"]' });
  const image = await docker.getImage(`${repo}:v1`).inspect();
  assert.equal(image.Id, made.Id);
  assert.deepEqual(image.Config.Cmd, ["cat", "/kept"]);
});

test("import", async (t) => {
  const container = await create(t, ["true"]);
  const repo = name();
  removeImage(t, repo);
  const chunks = [];
  for await (const chunk of await container.export()) chunks.push(chunk);
  await progress(await docker.importImage(Readable.from(chunks), { repo, tag: "latest" }));
  assert.ok((await docker.getImage(repo).inspect()).Id.startsWith("sha256:"));
});

test("pull of what nobody has is refused", async () => {
  await assert.rejects(async () => progress(await docker.pull("localhost:1/clients/nothing:v1")));
});
