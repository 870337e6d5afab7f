import assert from "node:assert/strict";
import { PassThrough } from "node:stream";
import test from "node:test";
import { bytes, create, docker, name, start, until, IMAGE } from "./common.mjs";

test("run gives output and exit code", async (t) => {
  const out = new PassThrough();
  const [ended, container] = await docker.run(IMAGE, ["sh", "-c", "echo hello; exit 3"], out, { name: name(), Tty: true });
  t.after(() => container.remove());
  assert.equal(ended.StatusCode, 3);
  out.end();
  assert.equal(await bytes(out), "hello\r\n");
});

test("create keeps what was asked", async (t) => {
  const container = await create(t, ["sleep", "600"], {
    Env: ["COLOUR=blue"],
    Labels: { clients: "yes" },
    Hostname: "box",
    HostConfig: { Tmpfs: { "/scratch": "" }, ExtraHosts: ["there:127.0.0.9"] },
  });
  const found = await container.inspect();
  assert.equal(found.State.Status, "created");
  assert.ok(found.Config.Env.includes("COLOUR=blue"));
  assert.equal(found.Config.Labels.clients, "yes");
  assert.deepEqual(found.HostConfig.ExtraHosts, ["there:127.0.0.9"]);
  assert.deepEqual(found.HostConfig.Tmpfs, { "/scratch": "" });
});

test("list filters", async (t) => {
  const label = name();
  const labels = { Labels: { clients: label } };
  const running = await start(t, ["sleep", "600"], labels);
  const ended = await start(t, ["false"], labels);
  await ended.wait();
  const ids = async (filters) => {
    const found = await docker.listContainers({ all: true, filters: { label: [`clients=${label}`], ...filters } });
    return found.map((each) => each.Id);
  };
  assert.deepEqual(await ids({}), [ended.id, running.id]);
  assert.deepEqual(await ids({ status: ["running"] }), [running.id]);
  assert.deepEqual(await ids({ exited: ["1"] }), [ended.id]);
  assert.deepEqual(await ids({ ancestor: [IMAGE], since: [running.id] }), [ended.id]);
});

test("stop, start, restart, kill, rename", async (t) => {
  const container = await start(t, ["sleep", "600"]);
  await container.stop({ t: 0 });
  assert.equal((await container.inspect()).State.Status, "exited");
  await container.start();
  await container.restart({ t: 0 });
  assert.equal((await container.inspect()).State.Running, true);
  await container.kill({ signal: "SIGKILL" });
  assert.equal((await container.wait()).StatusCode, 137);
  const other = name();
  await container.rename({ name: other });
  assert.equal((await docker.getContainer(other).inspect()).Name, `/${other}`);
});

test("wait for removal", async (t) => {
  const container = await create(t, ["sh", "-c", "exit 9"], { HostConfig: { AutoRemove: true } });
  const removed = container.wait({ condition: "removed" });
  await container.start();
  assert.equal((await removed).StatusCode, 9);
  await until("removal", () => container.inspect().then(() => false, (error) => error.statusCode === 404));
});

test("top", async (t) => {
  const container = await start(t, ["sleep", "600"]);
  const top = await container.top();
  assert.equal(top.Processes[0][top.Titles.indexOf("CMD")], "sleep 600");
});

test("stats, once and as a stream", async (t) => {
  const container = await start(t, ["sh", "-c", "while :; do :; done"]);
  const once = await container.stats({ stream: false, "one-shot": true });
  assert.ok(once.memory_stats.usage > 0);
  const stream = await container.stats({ stream: true });
  let text = "";
  for await (const chunk of stream) {
    text += chunk;
    if (text.split("\n").length > 2) break;
  }
  const [first, second] = text.split("\n").slice(0, 2).map(JSON.parse);
  assert.ok(second.cpu_stats.cpu_usage.total_usage > first.cpu_stats.cpu_usage.total_usage);
});

test("pause and unpause", async (t) => {
  const container = await start(t, ["sleep", "600"]);
  await container.pause();
  assert.equal((await container.inspect()).State.Paused, true);
  await container.unpause();
  assert.equal((await container.inspect()).State.Status, "running");
});

test("update", async (t) => {
  const container = await start(t, ["sleep", "600"], { HostConfig: { Memory: 64 << 20, MemorySwap: 64 << 20 } });
  await container.update({ Memory: 96 << 20, MemorySwap: 96 << 20 });
  assert.equal((await container.inspect()).HostConfig.Memory, 96 << 20);
});

test("prune", async (t) => {
  const label = name();
  const container = await start(t, ["true"], { Labels: { prune: label } });
  await container.wait();
  const pruned = await docker.pruneContainers({ filters: { label: [`prune=${label}`] } });
  assert.deepEqual(pruned.ContainersDeleted, [container.id]);
});
