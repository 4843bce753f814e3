//! A program that runs beside a test.

use std::io::Read;
use std::process::{Child, Command, Output};
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// How long a program may run: one that hangs is a test that fails.
const PATIENCE: Duration = Duration::from_secs(300);

/// A program that runs beside the test, and is killed with it or when its time is up.
pub struct Running {
    child: Arc<Mutex<Child>>,
    _over: Sender<()>,
}

impl Running {
    /// Starts it.
    pub fn start(command: &mut Command) -> Self {
        let child = command.spawn().unwrap_or_else(|error| panic!("{command:?}: {error}"));
        let child = Arc::new(Mutex::new(child));
        let (over, ended) = mpsc::channel::<()>();
        let watched = child.clone();
        std::thread::spawn(move || {
            if ended.recv_timeout(PATIENCE) == Err(RecvTimeoutError::Timeout) {
                locked(&watched).kill().ok();
            }
        });
        Self { child, _over: over }
    }

    /// The process.
    pub fn child(&self) -> MutexGuard<'_, Child> {
        locked(&self.child)
    }

    /// Waits for its end. What it says is what nobody has taken of its streams.
    pub fn output(self) -> Output {
        let streams = {
            let mut child = self.child();
            (child.stdout.take(), child.stderr.take())
        };
        let [stdout, stderr] = std::thread::scope(|threads| {
            let stdout = threads.spawn(|| read(streams.0));
            let stderr = read(streams.1);
            [stdout.join().expect("no panic"), stderr]
        });
        loop {
            // The lock is for a moment alone, so that a program that hangs can be ended.
            let ended = self.child().try_wait().expect("a status");
            match ended {
                Some(status) => return Output { status, stdout, stderr },
                None => std::thread::sleep(Duration::from_millis(2)),
            }
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let mut child = self.child();
        child.kill().ok();
        child.wait().ok();
    }
}

fn locked(child: &Mutex<Child>) -> MutexGuard<'_, Child> {
    child.lock().unwrap_or_else(PoisonError::into_inner)
}

fn read(stream: Option<impl Read>) -> Vec<u8> {
    let mut bytes = Vec::new();
    stream.map(|mut stream| stream.read_to_end(&mut bytes).expect("a stream"));
    bytes
}
