//! One pull for all sandboxes that ask for the same image at the same time.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use drydock_api::errand::{FoundLayer, News, Stage};
use tokio::sync::watch;

/// What is pulled: the name and the platform that was asked for.
pub type Key = (String, Option<String>);

/// The pulls under way.
#[derive(Debug, Clone, Default)]
pub struct Pulls(Arc<Mutex<HashMap<Key, watch::Receiver<Progress>>>>);

/// What a pull found: the image, its digest, its layers.
type Found = (String, String, Arc<[FoundLayer]>);

/// How far a pull is. Who looks seldom misses steps, but never the state.
#[derive(Debug, Clone, Default)]
pub struct Progress {
    found: Option<Found>,
    stages: Vec<Option<Stage>>,
    end: Option<News>,
}

impl Progress {
    /// Takes news in.
    pub fn take(&mut self, news: News) {
        match news {
            News::Found {
                image,
                digest,
                layers,
            } => {
                self.stages = vec![None; layers.len()];
                self.found = Some((image, digest, layers.into()));
            }
            News::Layer(number, stage) => {
                if let Some(known) = self.stages.get_mut(number) {
                    *known = Some(stage);
                }
            }
            News::Done(_) | News::Failed(_) => self.end = Some(news),
        }
    }

    fn news_since(&self, before: &Self) -> Vec<News> {
        let mut news = Vec::new();
        if let (Some((image, digest, layers)), None) = (&self.found, &before.found) {
            news.push(News::Found {
                image: image.clone(),
                digest: digest.clone(),
                layers: layers.to_vec(),
            });
        }
        for (number, stage) in self.stages.iter().enumerate() {
            let told = before.stages.get(number).cloned().flatten();
            if *stage != told {
                news.extend(stage.clone().map(|stage| News::Layer(number, stage)));
            }
        }
        news.extend(self.end.clone());
        news
    }
}

/// One sandbox's view of a pull.
#[derive(Debug)]
pub struct Follower {
    progress: watch::Receiver<Progress>,
    told: Progress,
}

impl Follower {
    /// What is new; empty once the pull has come to nothing without a word.
    pub async fn next(&mut self) -> Vec<News> {
        loop {
            let now = self.progress.borrow_and_update().clone();
            let news = now.news_since(&self.told);
            self.told = now;
            if !news.is_empty() || self.progress.changed().await.is_err() {
                return news;
            }
        }
    }
}

impl Pulls {
    /// Follows the pull of `key`. Where there is none, `start` is given what it has to keep up to date.
    pub fn follow(&self, key: &Key, start: impl FnOnce(watch::Sender<Progress>)) -> Follower {
        let mut pulls = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let progress = pulls.get(key).cloned().unwrap_or_else(|| {
            let (sender, progress) = watch::channel(Progress::default());
            pulls.insert(key.clone(), progress.clone());
            start(sender);
            progress
        });
        Follower {
            progress,
            told: Progress::default(),
        }
    }

    /// The pull of `key` is over.
    pub fn forget(&self, key: &Key) {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(key);
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use drydock_api::errand::Done;

    use super::*;

    #[tokio::test]
    async fn two_who_ask_at_the_same_time_follow_one_pull() {
        let pulls = Pulls::default();
        let key = ("app:v1".to_owned(), None);
        let mut started = Vec::new();
        let mut first = pulls.follow(&key, |sender| started.push(sender));
        let mut second = pulls.follow(&key, |sender| started.push(sender));
        assert_eq!(started.len(), 1);
        let layer = FoundLayer {
            digest: "d".into(),
            diff_id: "i".into(),
            size: 3,
        };
        started[0].send_modify(|progress| {
            progress.take(News::Found {
                image: "i".into(),
                digest: "m".into(),
                layers: vec![layer],
            });
            progress.take(News::Layer(0, Stage::Downloading(2)));
        });
        assert_eq!(first.next().await.len(), 2);
        let done = News::Done(Done::Tags(vec![]));
        started[0].send_modify(|progress| {
            progress.take(News::Layer(0, Stage::Pulled));
            progress.take(done.clone());
        });
        assert_eq!(
            first.next().await,
            [News::Layer(0, Stage::Pulled), done.clone()]
        );
        // Who comes late is told everything, in order.
        let late = second.next().await;
        assert_eq!(late.len(), 3);
        assert_eq!(late[2], done);
        pulls.forget(&key);
        pulls.follow(&key, |sender| started.push(sender));
        assert_eq!(started.len(), 2);
    }
}
