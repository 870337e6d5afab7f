use super::{Desk, IMAGE};

pub async fn all(desk: &Desk) {
    let docker = &desk.docker;
    assert_eq!(docker.ping().await.unwrap(), "OK");

    let version = docker.version().await.unwrap();
    assert_eq!(version.os.as_deref(), Some("linux"));
    assert!(version.api_version.unwrap().starts_with("1."));

    let container = desk.start(&["sleep", "600"]).await;
    let info = docker.info().await.unwrap();
    assert!(info.containers_running.unwrap() >= 1);
    assert_eq!(info.os_type.as_deref(), Some("linux"));

    // Which fields a daemon fills changed with 1.52; that it can be read at all is what is shown here.
    docker.df(None).await.unwrap();
    desk.remove(&container).await;

    let networks = docker
        .list_networks(None::<bollard::query_parameters::ListNetworksOptions>)
        .await
        .unwrap();
    assert!(
        networks
            .iter()
            .any(|network| network.name.as_deref() == Some("bridge"))
    );
    assert!(docker.inspect_image(IMAGE).await.unwrap().id.is_some());
}
