//! A server on this machine that behaves, or does not.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

/// What is answered to a request.
#[derive(Clone)]
pub(super) enum Reply {
    Whole(Vec<u8>),
    /// Fewer bytes than announced, then the connection ends.
    Short(Vec<u8>),
    /// Fewer bytes than announced, then silence.
    Stalled(Vec<u8>),
    Missing,
    Silence,
}

pub(super) struct Server {
    pub(super) url: String,
    requests: Arc<Mutex<Vec<String>>>,
}

impl Server {
    /// Answers every request by what `reply` makes of its path.
    pub(super) fn start(reply: impl Fn(&str) -> Reply + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        let requests = Arc::new(Mutex::new(Vec::new()));
        let heard = Arc::clone(&requests);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let path = path_of_request(&stream);
                heard.lock().unwrap().push(path.clone());
                let reply = reply(&path);
                thread::spawn(move || answer(stream, reply));
            }
        });
        Self { url, requests }
    }

    /// The paths that were asked for.
    pub(super) fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }
}

fn path_of_request(stream: &TcpStream) -> String {
    let lines = BufReader::new(stream).lines().map_while(Result::ok);
    let head: Vec<String> = lines.take_while(|line| !line.is_empty()).collect();
    let path = head.first().and_then(|line| line.split(' ').nth(1));
    path.unwrap_or_default().to_owned()
}

/// Writes what it can: the other side may have hung up.
fn answer(mut stream: TcpStream, reply: Reply) {
    let head = |status: &str, length: usize| {
        format!("HTTP/1.1 {status}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n")
    };
    let (head, body, hold) = match reply {
        Reply::Whole(body) => (head("200 OK", body.len()), body, false),
        Reply::Short(body) => (head("200 OK", body.len() + 5), body, false),
        Reply::Stalled(body) => (head("200 OK", body.len() + 5), body, true),
        Reply::Missing => (head("404 Not Found", 0), Vec::new(), false),
        Reply::Silence => (String::new(), Vec::new(), true),
    };
    let _ = stream.write_all(head.as_bytes());
    let _ = stream.write_all(&body);
    if hold {
        thread::sleep(Duration::from_secs(30));
    }
}
