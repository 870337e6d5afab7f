import assert from "node:assert/strict";
import test from "node:test";
import { docker, start, volume, IMAGE } from "./common.mjs";

test("ping", async () => {
  assert.equal((await docker.ping()).toString(), "OK");
});

test("version and info", async () => {
  const version = await docker.version();
  assert.equal(version.Os, "linux");
  assert.match(version.ApiVersion, /^1\.\d+$/);
  const info = await docker.info();
  assert.equal(info.OSType, "linux");
  assert.equal(info.Swarm.LocalNodeState, "inactive");
});

test("df knows what there is", async (t) => {
  const container = await start(t, ["sleep", "600"]);
  const made = await volume(t);
  const usage = await docker.df();
  assert.ok(usage.Containers.some((found) => found.Id === container.id));
  assert.ok(usage.Volumes.some((found) => found.Name === made.name));
  assert.ok(usage.Images.some((found) => found.RepoTags?.includes(`${IMAGE}:latest`)));
});

test("networks that are always there", async () => {
  const names = (await docker.listNetworks()).map((network) => network.Name);
  for (const always of ["bridge", "host", "none"]) assert.ok(names.includes(always));
  assert.equal((await docker.getNetwork("none").inspect()).Driver, "null");
});

test("search and registry logins are refused where there is no registry", async () => {
  const refused = (error) => error.statusCode >= 400;
  await assert.rejects(docker.checkAuth({ username: "me", password: "secret", serveraddress: "localhost:1" }), refused);
});
