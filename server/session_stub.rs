//! Stands in for the session crate while that is being written.
#![allow(missing_docs, clippy::unused_async)]
use std::{path::PathBuf, time::{Duration, SystemTime}};
use drydock_spec::SandboxId;
#[derive(Debug, thiserror::Error)]
pub enum SessionError { #[error("none")] None }
#[derive(Debug, Clone)] pub struct Sessions;
#[derive(Debug)] pub struct SessionsConfig;
impl SessionsConfig { pub fn new(_d: PathBuf) -> Self { Self } }
#[derive(Debug, Default)] pub struct Limits { pub memory: u64, pub disk: u64 }
#[derive(Debug)] pub struct StartRequest { pub owner: String, pub lesson: Option<String>, pub images: Option<Vec<String>>, pub files: Option<Vec<u8>>, pub limits: Limits, pub lifetime: Duration }
#[derive(Debug, Clone)] pub struct Sandbox;
#[derive(Debug)] pub struct Meter { pub used: u64, pub limit: u64 }
#[derive(Debug)] pub struct Health { pub memory: Meter, pub disk: Meter }
impl Sessions {
  pub async fn open(_c: SessionsConfig) -> Result<Self, SessionError> { Ok(Self) }
  pub async fn start(&self, _r: StartRequest) -> Result<Sandbox, SessionError> { Err(SessionError::None) }
  pub fn get(&self, _i: SandboxId) -> Option<Sandbox> { None }
  pub fn by_owner(&self, _o: &str) -> Vec<Sandbox> { vec![] }
  pub fn list(&self) -> Vec<Sandbox> { vec![] }
  pub async fn end(&self, _i: SandboxId) -> Result<(), SessionError> { Ok(()) }
}
impl Sandbox {
  pub fn id(&self) -> SandboxId { SandboxId::random() }
  pub fn owner(&self) -> &str { "" }
  pub fn lesson(&self) -> Option<&str> { None }
  pub fn ends_at(&self) -> SystemTime { SystemTime::now() }
  pub fn client(&self) -> drydock_api::client::Client { drydock_api::client::Client::new("x") }
  pub fn alive(&self) -> bool { false }
  pub async fn health(&self) -> Result<Health, SessionError> { Err(SessionError::None) }
}
