use std::collections::HashMap;

use bollard::{
    body_full,
    models::{BuildInfo, ContainerConfig},
    query_parameters::{
        BuildImageOptions, CommitContainerOptions, CreateImageOptions, ImportImageOptions,
        ListImagesOptions, RemoveImageOptions, TagImageOptions,
    },
};

use super::{Desk, IMAGE, all as collect, refused, tar_of};
use crate::harness::unique;

pub async fn all(desk: &Desk) {
    list_inspect_history_tag_remove(desk).await;
    save_and_load_keep_the_id(desk).await;
    commit(desk).await;
    pull_of_what_nobody_has(desk).await;
}

async fn build(desk: &Desk, dockerfile: &str) -> (String, Vec<BuildInfo>) {
    let tag = unique("clients-bollard-image");
    let options = BuildImageOptions {
        dockerfile: "Dockerfile".into(),
        t: Some(tag.clone()),
        ..Default::default()
    };
    let context = body_full(tar_of(&[("Dockerfile", dockerfile)]));
    let lines = collect(desk.docker.build_image(options, None, Some(context))).await;
    (tag, lines)
}

async fn remove(desk: &Desk, image: &str) -> usize {
    let options = RemoveImageOptions {
        force: true,
        ..Default::default()
    };
    let removed = desk.docker.remove_image(image, Some(options), None).await;
    removed.unwrap().len()
}

async fn list_inspect_history_tag_remove(desk: &Desk) {
    let label = unique("label");
    let (tag, lines) = build(
        desk,
        &format!("FROM {IMAGE}\nLABEL clients={label}\nRUN echo from the build\n"),
    )
    .await;
    let said: String = lines.into_iter().filter_map(|line| line.stream).collect();
    assert!(said.contains("from the build\n"), "{said}");

    let id = desk.docker.inspect_image(&tag).await.unwrap().id.unwrap();
    let filters = HashMap::from([("label".to_owned(), vec![format!("clients={label}")])]);
    let options = ListImagesOptions {
        filters: Some(filters),
        ..Default::default()
    };
    let listed = desk.docker.list_images(Some(options)).await.unwrap();
    assert_eq!(listed.len(), 1);
    assert_eq!(listed[0].id, id);

    let history = desk.docker.image_history(&tag).await.unwrap();
    assert_eq!(history[0].id, id);
    assert!(history[0].created_by.contains("echo from the build"));

    let other = unique("clients-bollard-other");
    let options = TagImageOptions {
        repo: Some(other.clone()),
        tag: Some("v1".into()),
    };
    desk.docker.tag_image(&tag, Some(options)).await.unwrap();
    assert_eq!(remove(desk, &format!("{other}:v1")).await, 1);
    assert!(remove(desk, &tag).await >= 2);
    let (status, _) = refused(desk.docker.inspect_image(&tag)).await;
    assert_eq!(status, 404);
}

async fn save_and_load_keep_the_id(desk: &Desk) {
    let (tag, _) = build(
        desk,
        &format!("FROM {IMAGE}\nRUN echo {} > /made\n", unique("x")),
    )
    .await;
    let id = desk.docker.inspect_image(&tag).await.unwrap().id;
    let saved = collect(desk.docker.export_image(&tag)).await.concat();
    remove(desk, &tag).await;
    let options = ImportImageOptions::default();
    collect(
        desk.docker
            .import_image(options, body_full(saved.into()), None),
    )
    .await;
    assert_eq!(desk.docker.inspect_image(&tag).await.unwrap().id, id);
    remove(desk, &tag).await;
}

async fn commit(desk: &Desk) {
    let container = desk.run(&["sh", "-c", "echo kept > /kept"]).await;
    let repo = unique("clients-bollard-commit");
    let options = CommitContainerOptions {
        container: Some(container.clone()),
        repo: Some(repo.clone()),
        tag: Some("v1".into()),
        comment: Some("why".into()),
        ..Default::default()
    };
    let config = ContainerConfig {
        cmd: Some(vec!["cat".into(), "/kept".into()]),
        ..Default::default()
    };
    let made = desk.docker.commit_container(options, config).await.unwrap();
    let image = desk
        .docker
        .inspect_image(&format!("{repo}:v1"))
        .await
        .unwrap();
    assert_eq!(image.id, Some(made.id));
    assert_eq!(image.comment.as_deref(), Some("why"));
    desk.remove(&container).await;
    remove(desk, &format!("{repo}:v1")).await;
}

async fn pull_of_what_nobody_has(desk: &Desk) {
    use futures_util::TryStreamExt as _;
    let options = CreateImageOptions {
        from_image: Some("localhost:1/clients/nothing".into()),
        tag: Some("v1".into()),
        ..Default::default()
    };
    let pulled: Result<Vec<_>, _> = desk
        .docker
        .create_image(Some(options), None, None)
        .try_collect()
        .await;
    assert!(pulled.is_err());
}
