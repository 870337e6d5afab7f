use std::collections::HashMap;

use bollard::query_parameters::EventsOptions;
use futures_util::StreamExt as _;

use super::Desk;
use crate::harness::unique;

pub async fn all(desk: &Desk) {
    let label = unique("label");
    let words = |words: &[&str]| words.iter().map(ToString::to_string).collect::<Vec<_>>();
    let filters = HashMap::from([
        ("label".to_owned(), vec![format!("clients={label}")]),
        ("event".to_owned(), words(&["create", "die"])),
    ]);
    let since = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap()
        .as_secs();
    let options = EventsOptions {
        since: Some(since.to_string()),
        filters: Some(filters),
        ..Default::default()
    };
    // What has happened since comes first, then what happens now.
    let other = desk.run(&["true"]).await;
    let id = desk
        .create(&["false"], |body| {
            body.labels = Some(HashMap::from([("clients".to_owned(), label)]));
        })
        .await;
    let mut events = Box::pin(desk.docker.events(Some(options)));
    let first = events.next().await.unwrap().unwrap();
    assert_eq!(first.action.as_deref(), Some("create"));
    desk.go(&id).await;
    let second = events.next().await.unwrap().unwrap();
    assert_eq!(second.action.as_deref(), Some("die"));
    let actor = second.actor.unwrap();
    assert_eq!(actor.id.as_deref(), Some(id.as_str()));
    assert_eq!(actor.attributes.unwrap()["exitCode"], "1");
    desk.remove(&id).await;
    desk.remove(&other).await;
}
