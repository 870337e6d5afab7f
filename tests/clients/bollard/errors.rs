use bollard::{
    models::ContainerCreateBody,
    query_parameters::{CreateContainerOptions, InspectContainerOptions, KillContainerOptions},
};

use super::{Desk, IMAGE, refused};

pub async fn all(desk: &Desk) {
    let docker = &desk.docker;
    let nothing = docker.inspect_container("clients-nothing", None::<InspectContainerOptions>);
    assert_eq!(
        refused(nothing).await,
        (404, "No such container: clients-nothing".into())
    );
    let (status, words) = refused(docker.inspect_image("clients-nothing")).await;
    assert_eq!(status, 404);
    // With the tag that was meant, or without, as daemons differ.
    assert!(words.contains("No such image: clients-nothing"), "{words}");
    let id = desk.create(&["true"], |_| {}).await;
    let (status, words) = refused(docker.kill_container(&id, None::<KillContainerOptions>)).await;
    assert_eq!(status, 409);
    assert!(words.ends_with("is not running"), "{words}");

    let created = async |name: &str| {
        let options = CreateContainerOptions {
            name: Some(name.into()),
            ..Default::default()
        };
        let body = ContainerCreateBody {
            image: Some(IMAGE.into()),
            ..Default::default()
        };
        refused(docker.create_container(Some(options), body)).await
    };
    let found = docker
        .inspect_container(&id, None::<InspectContainerOptions>)
        .await
        .unwrap();
    let (status, words) = created(found.name.unwrap().trim_start_matches('/')).await;
    assert_eq!(status, 409);
    assert!(words.starts_with("Conflict. The container name"), "{words}");
    let (status, words) = created("a name").await;
    assert_eq!(status, 400);
    assert!(
        words.starts_with("Invalid container name (a name)"),
        "{words}"
    );
    desk.remove(&id).await;
}
