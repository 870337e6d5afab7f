//! A class: a hundred learners at once.

use std::time::Instant;

use crate::harness::server::{TestServer, Visitor};
use crate::harness::terminal::TestTerminal;
use crate::harness::{host, lesson};
use crate::table::{Samples, Table, Unit, milliseconds};
use crate::web::{engine_behind, megabytes};

const LEARNERS: usize = 100;
const NAME: &str = "100 sandboxes at once";

pub fn measure(table: &mut Table) {
    if !table.wants(NAME) {
        return;
    }
    let server = TestServer::start();
    let lesson = lesson::first().lesson;
    let visitors: Vec<Visitor> = (0..LEARNERS).map(|_| server.visitor()).collect();

    let start = Instant::now();
    let mut terminals: Vec<TestTerminal> = ask_all_at_once(&visitors, &lesson);
    let all = milliseconds(start.elapsed());
    table.add(
        &format!("{NAME}: all prompts shown"),
        Unit::Milliseconds,
        &Samples(vec![all]),
        &[],
    );

    let start = Instant::now();
    for (number, terminal) in terminals.iter_mut().enumerate() {
        terminal.type_keys(&format!("echo answer $(({number} + 100000))\r"));
    }
    for (number, terminal) in terminals.iter_mut().enumerate() {
        terminal.expect(&format!("answer {}", number + 100_000));
    }
    let answered = milliseconds(start.elapsed());
    table.add(
        &format!("{NAME}: every terminal answers"),
        Unit::Milliseconds,
        &Samples(vec![answered]),
        &[],
    );
    table.add(
        &format!("{NAME}: terminals that answered"),
        Unit::Count,
        &Samples(vec![LEARNERS as f64]),
        &[],
    );

    let engines: Vec<i32> = terminals.iter_mut().map(engine_behind).collect();
    let each = engines
        .iter()
        .map(|&engine| megabytes(host::private_memory(&host::sandbox_processes(engine))));
    table.add(
        &format!("{NAME}: private memory of each"),
        Unit::Megabytes,
        &Samples(each.collect()),
        &[],
    );
    let own = megabytes(host::private_memory(&[server.pid()]));
    table.add(
        &format!("{NAME}: the server itself"),
        Unit::Megabytes,
        &Samples(vec![own]),
        &[],
    );
}

/// All learners press the button together; each then opens a terminal and waits for its prompt.
fn ask_all_at_once(visitors: &[Visitor], lesson: &str) -> Vec<TestTerminal> {
    std::thread::scope(|scope| {
        let asking: Vec<_> = visitors
            .iter()
            .map(|visitor| {
                scope.spawn(move || {
                    let mut terminal = visitor.terminal(&visitor.sandbox(lesson));
                    terminal.command("echo re''ady", "ready");
                    terminal
                })
            })
            .collect();
        asking
            .into_iter()
            .map(|learner| learner.join().unwrap())
            .collect()
    })
}
