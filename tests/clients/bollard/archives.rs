use bollard::{
    body_full,
    query_parameters::{
        ContainerArchiveInfoOptions, DownloadFromContainerOptions, UploadToContainerOptions,
    },
};

use super::{Desk, all as collect, file_in, refused, tar_of};

pub async fn all(desk: &Desk) {
    let id = desk
        .run(&["sh", "-c", "echo exported > /made; rm /bin/true"])
        .await;
    let options = UploadToContainerOptions {
        path: "/tmp".into(),
        ..Default::default()
    };
    let archive = body_full(tar_of(&[("greeting", "hello")]));
    let sent = desk.docker.upload_to_container(&id, Some(options), archive);
    sent.await.unwrap();

    let options = ContainerArchiveInfoOptions {
        path: "/tmp/greeting".into(),
    };
    let stat = desk
        .docker
        .get_container_archive_info(&id, Some(options))
        .await
        .unwrap();
    assert_eq!((stat.name.as_str(), stat.size), ("greeting", 5));

    let options = DownloadFromContainerOptions {
        path: "/tmp/greeting".into(),
    };
    let fetched = collect(desk.docker.download_from_container(&id, Some(options))).await;
    assert_eq!(
        file_in(&fetched.concat(), "greeting").as_deref(),
        Some("hello")
    );

    let options = ContainerArchiveInfoOptions {
        path: "/nothing".into(),
    };
    let answer = desk.docker.get_container_archive_info(&id, Some(options));
    assert_eq!(refused(answer).await.0, 404);

    let exported = collect(desk.docker.export_container(&id)).await.concat();
    assert_eq!(file_in(&exported, "made").as_deref(), Some("exported\n"));

    let changes = desk.docker.container_changes(&id).await.unwrap().unwrap();
    let kind = |path: &str| {
        let found = changes.iter().find(|change| change.path == path);
        found.map(|change| i64::from(change.kind as u8))
    };
    assert_eq!(kind("/made"), Some(1));
    assert_eq!(kind("/bin"), Some(0));
    assert_eq!(kind("/bin/true"), Some(2));
    desk.remove(&id).await;
}
