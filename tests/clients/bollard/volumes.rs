use std::collections::HashMap;

use bollard::{
    models::{Mount, MountType, VolumeCreateRequest},
    query_parameters::{ListVolumesOptions, PruneVolumesOptions, RemoveVolumeOptions},
};

use super::{Desk, refused};
use crate::harness::unique;

pub async fn all(desk: &Desk) {
    let label = unique("label");
    let request = VolumeCreateRequest {
        name: Some(unique("clients-bollard-volume")),
        labels: Some(HashMap::from([("clients".to_owned(), label.clone())])),
        ..Default::default()
    };
    let name = desk.docker.create_volume(request).await.unwrap().name;
    let filter = ("label".to_owned(), vec![format!("clients={label}")]);
    let options = ListVolumesOptions {
        filters: Some(HashMap::from([filter.clone()])),
    };
    let listed = desk.docker.list_volumes(Some(options)).await.unwrap();
    assert_eq!(listed.volumes.unwrap()[0].name, name);
    assert_eq!(
        desk.docker.inspect_volume(&name).await.unwrap().driver,
        "local"
    );

    let mount = Mount {
        typ: Some(MountType::VOLUME),
        source: Some(name.clone()),
        target: Some("/data".into()),
        ..Default::default()
    };
    let user = desk
        .create(&["true"], |body| {
            body.host_config.get_or_insert_default().mounts = Some(vec![mount]);
        })
        .await;
    let removal = desk
        .docker
        .remove_volume(&name, None::<RemoveVolumeOptions>);
    assert_eq!(refused(removal).await.0, 409);
    desk.remove(&user).await;

    let all = ("all".to_owned(), vec!["true".to_owned()]);
    // Before 1.42 a prune took the named ones without being told to, and knew no such filter.
    let newer = desk.docker.client_version().minor_version >= 42;
    let options = PruneVolumesOptions {
        filters: Some([filter].into_iter().chain(newer.then_some(all)).collect()),
    };
    let pruned = desk.docker.prune_volumes(Some(options)).await.unwrap();
    assert_eq!(pruned.volumes_deleted, Some(vec![name]));
}
