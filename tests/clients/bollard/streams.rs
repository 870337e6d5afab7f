use bollard::{
    exec::{CreateExecOptions, ResizeExecOptions, StartExecOptions, StartExecResults},
    query_parameters::{AttachContainerOptions, LogsOptions, ResizeContainerTTYOptions},
};
use tokio::io::AsyncWriteExt as _;

use super::{Desk, apart};

pub async fn all(desk: &Desk) {
    exec_streams_apart(desk).await;
    exec_on_a_terminal(desk).await;
    exec_detached(desk).await;
    logs(desk).await;
    attach_with_input(desk).await;
    attach_replays_the_logs(desk).await;
    resize(desk).await;
}

async fn exec(desk: &Desk, id: &str, command: &[&str], tty: bool) -> String {
    let options = CreateExecOptions {
        attach_stdin: Some(true),
        attach_stdout: Some(true),
        attach_stderr: Some(true),
        tty: Some(tty),
        cmd: Some(command.to_vec()),
        ..Default::default()
    };
    desk.docker.create_exec(id, options).await.unwrap().id
}

async fn exec_streams_apart(desk: &Desk) {
    let id = desk.start(&["sleep", "600"]).await;
    let exec = exec(desk, &id, &["sh", "-c", "cat; echo err >&2; exit 3"], false).await;
    let started = desk.docker.start_exec(&exec, None).await.unwrap();
    let StartExecResults::Attached { output, mut input } = started else {
        panic!("not attached")
    };
    input.write_all(b"typed\n").await.unwrap();
    // The half close is the end of the input.
    input.shutdown().await.unwrap();
    assert_eq!(apart(output).await, ("typed\n".into(), "err\n".into()));
    let found = desk.docker.inspect_exec(&exec).await.unwrap();
    assert_eq!((found.running, found.exit_code), (Some(false), Some(3)));
    desk.remove(&id).await;
}

async fn exec_on_a_terminal(desk: &Desk) {
    let id = desk.start(&["sleep", "600"]).await;
    let exec = exec(desk, &id, &["sh", "-c", "read line; stty size"], true).await;
    let options = StartExecOptions {
        tty: true,
        ..Default::default()
    };
    let started = desk.docker.start_exec(&exec, Some(options)).await.unwrap();
    let StartExecResults::Attached { output, mut input } = started else {
        panic!("not attached")
    };
    let size = ResizeExecOptions {
        height: 31,
        width: 97,
    };
    desk.docker.resize_exec(&exec, size).await.unwrap();
    input.write_all(b"\n").await.unwrap();
    let (said, _) = apart(output).await;
    assert!(said.contains("31 97"), "{said:?}");
    desk.remove(&id).await;
}

async fn exec_detached(desk: &Desk) {
    let id = desk.start(&["sleep", "600"]).await;
    let exec = exec(desk, &id, &["sh", "-c", "exit 4"], false).await;
    let options = StartExecOptions {
        detach: true,
        ..Default::default()
    };
    let started = desk.docker.start_exec(&exec, Some(options)).await.unwrap();
    assert!(matches!(started, StartExecResults::Detached));
    let end = tokio::time::Instant::now() + crate::harness::PATIENCE;
    let code = loop {
        let found = desk.docker.inspect_exec(&exec).await.unwrap();
        if found.running == Some(false) {
            break found.exit_code;
        }
        assert!(tokio::time::Instant::now() < end, "the exec goes on");
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    };
    assert_eq!(code, Some(4));
    desk.remove(&id).await;
}

async fn logs(desk: &Desk) {
    let id = desk
        .start(&["sh", "-c", "echo one; echo err >&2; sleep 0.1; echo two"])
        .await;
    let options = LogsOptions {
        follow: true,
        stdout: true,
        stderr: true,
        tail: "all".into(),
        ..Default::default()
    };
    let said = apart(desk.docker.logs(&id, Some(options.clone()))).await;
    assert_eq!(said, ("one\ntwo\n".into(), "err\n".into()));
    let options = LogsOptions {
        follow: false,
        stderr: false,
        timestamps: true,
        tail: "1".into(),
        ..options
    };
    let (last, _) = apart(desk.docker.logs(&id, Some(options))).await;
    assert!(last.ends_with("Z two\n"), "{last:?}");
    desk.remove(&id).await;
}

fn attached(logs: bool, stdin: bool) -> AttachContainerOptions {
    AttachContainerOptions {
        logs,
        stdin,
        stream: true,
        stdout: true,
        stderr: true,
        ..Default::default()
    }
}

async fn attach_with_input(desk: &Desk) {
    let id = desk
        .create(&["sh", "-c", "cat; echo the end >&2"], |body| {
            body.open_stdin = Some(true);
            body.stdin_once = Some(true);
        })
        .await;
    let options = attached(false, true);
    let mut attached = desk
        .docker
        .attach_container(&id, Some(options))
        .await
        .unwrap();
    desk.go(&id).await;
    attached.input.write_all(b"typed\n").await.unwrap();
    attached.input.shutdown().await.unwrap();
    let said = apart(attached.output).await;
    assert_eq!(said, ("typed\n".into(), "the end\n".into()));
    assert_eq!(desk.wait(&id).await, 0);
    desk.remove(&id).await;
}

async fn attach_replays_the_logs(desk: &Desk) {
    let id = desk.run(&["sh", "-c", "echo before; echo err >&2"]).await;
    let options = AttachContainerOptions {
        stream: false,
        ..attached(true, false)
    };
    let attached = desk
        .docker
        .attach_container(&id, Some(options))
        .await
        .unwrap();
    let said = apart(attached.output).await;
    assert_eq!(said, ("before\n".into(), "err\n".into()));
    desk.remove(&id).await;
}

async fn resize(desk: &Desk) {
    let id = desk
        .create(&["sh", "-c", "read line; stty size"], |body| {
            body.open_stdin = Some(true);
            body.tty = Some(true);
        })
        .await;
    let options = attached(false, true);
    let mut attached = desk
        .docker
        .attach_container(&id, Some(options))
        .await
        .unwrap();
    desk.go(&id).await;
    let size = ResizeContainerTTYOptions { h: 29, w: 111 };
    desk.docker.resize_container_tty(&id, size).await.unwrap();
    attached.input.write_all(b"\n").await.unwrap();
    let (said, _) = apart(attached.output).await;
    assert!(said.contains("29 111"), "{said:?}");
    desk.remove(&id).await;
}
