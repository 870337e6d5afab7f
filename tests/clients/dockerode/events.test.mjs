import assert from "node:assert/strict";
import test from "node:test";
import { create, docker, name, start } from "./common.mjs";

test("live, filtered by label and by what happened", async (t) => {
  const label = name();
  const filters = { label: [`clients=${label}`], event: ["start", "die"] };
  const stream = await docker.getEvents({ filters });
  t.after(() => stream.destroy());
  const seen = collect(stream, 2);
  await (await start(t, ["true"])).wait();
  const container = await create(t, ["false"], { Labels: { clients: label } });
  await container.start();
  const [started, died] = await seen;
  assert.equal(started.Action, "start");
  assert.equal(died.Action, "die");
  assert.equal(died.Actor.ID, container.id);
  assert.equal(died.Actor.Attributes.exitCode, "1");
});

test("the past, until now", async (t) => {
  const since = Math.floor(Date.now() / 1000);
  const container = await start(t, ["true"]);
  await container.wait();
  const until = since + 2;
  const stream = await docker.getEvents({ since, until, filters: { container: [container.id] } });
  const seen = await collect(stream, 3);
  stream.destroy();
  assert.deepEqual(seen.map((event) => event.Action), ["create", "start", "die"]);
});

async function collect(stream, count) {
  let text = "";
  for await (const chunk of stream) {
    text += chunk;
    const lines = text.split("\n").filter((line) => line);
    if (lines.length >= count) return lines.map((line) => JSON.parse(line));
  }
  throw new Error(`the stream ended with ${text}`);
}
