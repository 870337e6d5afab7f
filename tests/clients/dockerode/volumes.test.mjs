import assert from "node:assert/strict";
import test from "node:test";
import { create, docker, volume } from "./common.mjs";

test("volumes", async (t) => {
  const made = await volume(t, { Labels: { clients: "yes" } });
  assert.deepEqual((await made.inspect()).Labels, { clients: "yes" });
  const listed = await docker.listVolumes({ filters: { name: [made.name] } });
  assert.deepEqual(listed.Volumes.map((each) => each.Name), [made.name]);
  const mount = { HostConfig: { Mounts: [{ Type: "volume", Source: made.name, Target: "/data" }] } };
  const user = await create(t, ["true"], mount);
  await assert.rejects(made.remove(), (error) => error.statusCode === 409);
  await user.remove();
  await made.remove();
  await assert.rejects(made.inspect(), (error) => error.statusCode === 404);
});
