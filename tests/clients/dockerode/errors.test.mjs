import assert from "node:assert/strict";
import test from "node:test";
import { create, docker } from "./common.mjs";

test("errors have Docker's status and words", async (t) => {
  const refused = async (promise, status, words) => {
    const error = await promise.then(() => assert.fail("not refused"), (found) => found);
    assert.equal(error.statusCode, status);
    assert.match(error.message, words);
  };
  await refused(docker.getContainer("clients-nothing").inspect(), 404, /No such container: clients-nothing/);
  await refused(docker.getImage("clients-nothing").inspect(), 404, /No such image: clients-nothing/);
  const container = await create(t, ["true"]);
  const named = (await container.inspect()).Name.slice(1);
  await refused(docker.createContainer({ name: named, Image: "busybox" }), 409, /Conflict\. The container name/);
  await refused(container.pause(), 409, /is not running/);
  await refused(docker.createContainer({ name: "a name", Image: "busybox" }), 400, /Invalid container name/);
});
