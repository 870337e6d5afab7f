use std::collections::HashMap;

use bollard::{
    models::{ContainerUpdateBody, HostConfig},
    query_parameters::{
        InspectContainerOptions, KillContainerOptions, ListContainersOptions,
        PruneContainersOptions, RenameContainerOptions, RestartContainerOptions, StatsOptions,
        StopContainerOptions, TopOptions,
    },
};
use futures_util::StreamExt as _;

use super::{Desk, refused};
use crate::harness::unique;

pub async fn all(desk: &Desk) {
    life(desk).await;
    list_filters_and_prune(desk).await;
    top(desk).await;
    stats(desk).await;
    pause(desk).await;
    update(desk).await;
}

async fn status(desk: &Desk, id: &str) -> String {
    let found = desk
        .docker
        .inspect_container(id, None::<InspectContainerOptions>)
        .await;
    found.unwrap().state.unwrap().status.unwrap().to_string()
}

async fn life(desk: &Desk) {
    let id = desk.start(&["sleep", "600"]).await;
    assert_eq!(status(desk, &id).await, "running");
    let options = StopContainerOptions {
        t: Some(0),
        ..Default::default()
    };
    desk.docker
        .stop_container(&id, Some(options))
        .await
        .unwrap();
    assert_eq!(status(desk, &id).await, "exited");
    let options = RestartContainerOptions {
        t: Some(0),
        ..Default::default()
    };
    desk.docker
        .restart_container(&id, Some(options))
        .await
        .unwrap();
    assert_eq!(status(desk, &id).await, "running");
    let options = KillContainerOptions {
        signal: "SIGKILL".into(),
    };
    desk.docker
        .kill_container(&id, Some(options))
        .await
        .unwrap();
    assert_eq!(desk.wait(&id).await, 137);
    let name = unique("clients-bollard-renamed");
    let options = RenameContainerOptions { name: name.clone() };
    desk.docker.rename_container(&id, options).await.unwrap();
    assert_eq!(status(desk, &name).await, "exited");
    desk.remove(&id).await;
}

async fn list_filters_and_prune(desk: &Desk) {
    let label = unique("label");
    let labelled = |body: &mut bollard::models::ContainerCreateBody| {
        body.labels = Some(HashMap::from([("clients".to_owned(), label.clone())]));
    };
    let ended = desk.create(&["false"], labelled).await;
    desk.go(&ended).await;
    assert_eq!(desk.wait(&ended).await, 1);
    let running = desk.create(&["sleep", "600"], labelled).await;
    desk.go(&running).await;

    let mine = ("label".to_owned(), vec![format!("clients={label}")]);
    let ids = async |more: &[(&str, &str)]| -> Vec<String> {
        let mut filters = HashMap::from([mine.clone()]);
        for (key, value) in more {
            filters.insert((*key).to_owned(), vec![(*value).to_owned()]);
        }
        let options = ListContainersOptions {
            all: true,
            filters: Some(filters),
            ..Default::default()
        };
        let listed = desk.docker.list_containers(Some(options)).await.unwrap();
        listed.into_iter().filter_map(|each| each.id).collect()
    };
    assert_eq!(ids(&[]).await, [running.clone(), ended.clone()]);
    assert_eq!(
        ids(&[("status", "exited")]).await,
        std::slice::from_ref(&ended)
    );
    assert_eq!(ids(&[("exited", "0")]).await, Vec::<String>::new());

    let options = PruneContainersOptions {
        filters: Some(HashMap::from([mine.clone()])),
    };
    let pruned = desk.docker.prune_containers(Some(options)).await.unwrap();
    assert_eq!(pruned.containers_deleted, Some(vec![ended]));
    desk.remove(&running).await;
}

async fn top(desk: &Desk) {
    let id = desk.start(&["sleep", "600"]).await;
    let top = desk
        .docker
        .top_processes(&id, None::<TopOptions>)
        .await
        .unwrap();
    let processes = top.processes.unwrap();
    assert_eq!(processes[0].last().map(String::as_str), Some("sleep 600"));
    desk.remove(&id).await;
}

async fn stats(desk: &Desk) {
    let id = desk.start(&["sleep", "600"]).await;
    let options = StatsOptions {
        stream: false,
        one_shot: true,
    };
    let once = desk
        .docker
        .stats(&id, Some(options))
        .next()
        .await
        .unwrap()
        .unwrap();
    assert!(once.memory_stats.unwrap().usage.unwrap() > 0);
    desk.remove(&id).await;
}

async fn pause(desk: &Desk) {
    let id = desk.start(&["sleep", "600"]).await;
    desk.docker.pause_container(&id).await.unwrap();
    assert_eq!(status(desk, &id).await, "paused");
    let (code, words) = refused(desk.docker.pause_container(&id)).await;
    assert_eq!(code, 409, "{words}");
    desk.docker.unpause_container(&id).await.unwrap();
    assert_eq!(status(desk, &id).await, "running");
    desk.remove(&id).await;
}

async fn update(desk: &Desk) {
    let limited = HostConfig {
        memory: Some(64 << 20),
        memory_swap: Some(64 << 20),
        ..Default::default()
    };
    let id = desk
        .create(&["sleep", "600"], |body| body.host_config = Some(limited))
        .await;
    let options = ContainerUpdateBody {
        memory: Some(96 << 20),
        memory_swap: Some(96 << 20),
        ..Default::default()
    };
    desk.docker.update_container(&id, options).await.unwrap();
    let found = desk
        .docker
        .inspect_container(&id, None::<InspectContainerOptions>)
        .await
        .unwrap();
    assert_eq!(found.host_config.unwrap().memory, Some(96 << 20));
    desk.remove(&id).await;
}
