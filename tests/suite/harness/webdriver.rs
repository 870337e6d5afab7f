//! Headless Chromium by way of chromedriver: the few WebDriver calls the browser tests need.

use std::io::{BufRead as _, BufReader};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Command, Stdio};

use base64::Engine as _;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::process::Guard;
use super::{PATIENCE, http, need, wait};

/// One browser window.
pub struct Browser {
    port: u16,
    session: String,
    // The driver ends its browser; both go before the profile does.
    _driver: Guard,
    _profile: TempDir,
}

impl Browser {
    /// Opens a window of this size.
    pub fn open(width: u32, height: u32) -> Self {
        let profile = TempDir::new().unwrap();
        let mut command = Command::new(need::find("chromedriver").unwrap());
        command
            .arg("--port=0")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null());
        let mut driver = Guard::spawn(&mut command);
        let mut lines = BufReader::new(driver.0.stdout.take().unwrap()).lines();
        // "ChromeDriver was started successfully on port 45339."
        // An earlier line repeats the 0 that was asked for.
        let port = lines.by_ref().map(Result::unwrap).find_map(|line| {
            let (_, port) = line.split_once("started successfully on port ")?;
            port.trim_end_matches('.').parse::<u16>().ok()
        });
        let port = port.expect("chromedriver named no port");
        // A full pipe would block the driver.
        std::thread::spawn(move || lines.for_each(drop));
        let mut browser = Self {
            port,
            session: String::new(),
            _driver: driver,
            _profile: profile,
        };
        let folder = browser._profile.path().display().to_string();
        let options = json!({
            "binary": need::find("chromium").unwrap(),
            "args": [
                "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
                format!("--user-data-dir={folder}"), format!("--window-size={width},{height}"),
            ],
        });
        let wanted = json!({ "capabilities": { "alwaysMatch": {
            "goog:chromeOptions": options, "goog:loggingPrefs": { "browser": "ALL" },
        } } });
        let session = browser.raw("POST", "/session", &wanted);
        browser.session = session["sessionId"]
            .as_str()
            .expect("no session")
            .to_owned();
        browser.set_size(width, height);
        browser
    }

    #[track_caller]
    fn raw(&self, method: &str, path: &str, body: &Value) -> Value {
        let stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let body = if method == "POST" {
            body.to_string()
        } else {
            String::new()
        };
        let headers = [("content-type", "application/json; charset=utf-8")];
        let answer = http::request(stream, method, path, &headers, body.as_bytes()).unwrap();
        let mut value = answer.json()["value"].take();
        assert!(
            answer.status == 200,
            "{method} {path}: {} {}",
            value["error"],
            value["message"]
        );
        value.take()
    }

    #[track_caller]
    fn call(&self, method: &str, path: &str, body: &Value) -> Value {
        self.raw(method, &format!("/session/{}{path}", self.session), body)
    }

    #[track_caller]
    pub fn go(&self, url: &str) {
        self.call("POST", "/url", &json!({ "url": url }));
    }

    #[track_caller]
    pub fn reload(&self) {
        self.call("POST", "/refresh", &json!({}));
    }

    /// Makes the page's own area this large, also where windows have a least width.
    #[track_caller]
    pub fn set_size(&self, width: u32, height: u32) {
        let metrics =
            json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false });
        let command = json!({ "cmd": "Emulation.setDeviceMetricsOverride", "params": metrics });
        self.call("POST", "/goog/cdp/execute", &command);
    }

    /// Light or dark.
    #[track_caller]
    pub fn prefer_color_scheme(&self, scheme: &str) {
        let features = json!([{ "name": "prefers-color-scheme", "value": scheme }]);
        let command =
            json!({ "cmd": "Emulation.setEmulatedMedia", "params": { "features": features } });
        self.call("POST", "/goog/cdp/execute", &command);
    }

    /// The value of a JavaScript function body.
    #[track_caller]
    pub fn script(&self, body: &str) -> Value {
        self.call(
            "POST",
            "/execute/sync",
            &json!({ "script": body, "args": [] }),
        )
    }

    /// Waits until the function body answers something true.
    #[track_caller]
    pub fn wait_script(&self, what: &str, body: &str) -> Value {
        wait::until(what, PATIENCE, || {
            let value = self.script(body);
            let empty =
                matches!(&value, Value::Null | Value::Bool(false)) || value.as_str() == Some("");
            (!empty).then_some(value)
        })
    }

    /// Waits for an element that is shown; answers its WebDriver id.
    #[track_caller]
    pub fn element(&self, selector: &str) -> String {
        let find = format!(
            "const found = [...document.querySelectorAll({})].find(one => one.offsetParent !== null \
             || getComputedStyle(one).position === 'fixed'); return found || null;",
            Value::from(selector)
        );
        let element = self.wait_script(selector, &find);
        let id = element
            .as_object()
            .and_then(|object| object.values().next())
            .and_then(Value::as_str);
        id.unwrap_or_else(|| panic!("{selector} is no element: {element}"))
            .to_owned()
    }

    #[track_caller]
    pub fn click(&self, selector: &str) {
        let id = self.element(selector);
        // A page that scrolls smoothly would still be on its way when the driver clicks.
        let element = json!({ "element-6066-11e4-a52e-4f735466cecf": id });
        let script = "arguments[0].scrollIntoView({ block: 'center', behavior: 'instant' })";
        let arguments = json!({ "script": script, "args": [element] });
        self.call("POST", "/execute/sync", &arguments);
        self.call("POST", &format!("/element/{id}/click"), &json!({}));
    }

    /// Types on the keyboard, to whatever has the focus.
    #[track_caller]
    pub fn type_keys(&self, text: &str) {
        // Modifiers go down on their first mention, up on their second.
        let mut held = Vec::new();
        let mut keys = Vec::new();
        for key in text.chars() {
            match key {
                // Shift and Control.
                '\u{E008}' | '\u{E009}' if held.contains(&key) => {
                    held.retain(|other| *other != key);
                    keys.push(json!({ "type": "keyUp", "value": key }));
                }
                '\u{E008}' | '\u{E009}' => {
                    held.push(key);
                    keys.push(json!({ "type": "keyDown", "value": key }));
                }
                _ => {
                    // WebDriver's code for Enter.
                    let key = if key == '\n' { '\u{E007}' } else { key };
                    keys.push(json!({ "type": "keyDown", "value": key }));
                    keys.push(json!({ "type": "keyUp", "value": key }));
                }
            }
        }
        let actions = json!({ "actions": [{ "type": "key", "id": "keyboard", "actions": keys }] });
        self.call("POST", "/actions", &actions);
    }

    /// The text of the first element, as shown.
    #[track_caller]
    pub fn text(&self, selector: &str) -> String {
        let id = self.element(selector);
        self.call("GET", &format!("/element/{id}/text"), &Value::Null)
            .as_str()
            .unwrap_or_default()
            .to_owned()
    }

    /// Saves what the window shows.
    #[track_caller]
    pub fn screenshot(&self, file: &Path) {
        let image = self.call("GET", "/screenshot", &Value::Null);
        let bytes = base64::engine::general_purpose::STANDARD
            .decode(image.as_str().unwrap())
            .unwrap();
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(file, bytes).unwrap();
    }

    /// What the page has complained of: errors on its console.
    #[track_caller]
    pub fn complaints(&self) -> Vec<String> {
        let log = self.call("POST", "/se/log", &json!({ "type": "browser" }));
        let entries = log.as_array().cloned().unwrap_or_default();
        let severe = entries
            .into_iter()
            .filter(|entry| entry["level"] == "SEVERE");
        severe
            .map(|entry| entry["message"].as_str().unwrap_or_default().to_owned())
            .collect()
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // Quietly: the test may have failed because the browser is gone.
        if let Ok(stream) = TcpStream::connect(("127.0.0.1", self.port)) {
            let _ = stream.set_read_timeout(Some(std::time::Duration::from_secs(10)));
            let _ = http::request(
                stream,
                "DELETE",
                &format!("/session/{}", self.session),
                &[],
                b"",
            );
        }
    }
}
