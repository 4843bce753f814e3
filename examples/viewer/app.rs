//! The window: what it holds, and what a frame does.

use super::adapters::named;
use super::session::{Material, Session};
use super::theme::follow_system;
use super::timing::Frames;
use crate::scene::scatter::Colours;
use dann::embed::Gpu;
use eframe::egui::{self, Key};
use eframe::egui_wgpu::RenderState;
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// How soon a window that waits for the device looks again.
const SOON: Duration = Duration::from_millis(4);

/// Rows of each domain in a step where there is no GPU.
const SMALL_BATCH: usize = 16;
/// Steps of the whole training there.
const FEW_STEPS: u64 = 1500;

/// What the command line says of the window.
pub struct Options {
    /// Where checkpoints go.
    pub out: PathBuf,
    /// Closes the window after this time.
    pub seconds: Option<f64>,
}

/// A value that follows its schedule or is set by hand.
pub struct Control {
    pub by_schedule: bool,
    pub value: f32,
}

impl Control {
    /// What the trainer is told.
    fn setting(&self) -> Option<f32> {
        (!self.by_schedule).then_some(self.value)
    }
}

/// The window.
pub struct Viewer {
    pub(super) state: RenderState,
    pub(super) session: Session,
    pub(super) lambda: Control,
    pub(super) learning_rate: Control,
    pub(super) colours: Colours,
    pub(super) frames: Frames,
    pub(super) message: String,
    /// The device is gone, or training has diverged: nothing more is tried.
    pub(super) failed: bool,
    pub(super) adapters: Vec<String>,
    gpu: Gpu,
    material: Material,
    options: Options,
    opened: Instant,
}

impl Viewer {
    /// Sets training up on the device that eframe opened.
    pub fn new(
        context: &egui::Context,
        state: RenderState,
        mut material: Material,
        options: Options,
    ) -> anyhow::Result<Self> {
        if state.adapter.get_info().device_type == dann::wgpu::DeviceType::Cpu {
            // A processor draws the window, too: short steps keep it from standing still.
            material.config.training.batch = SMALL_BATCH;
            material.config.training.steps = Some(FEW_STEPS);
        }
        let gpu = Gpu::borrow(&state.device, &state.queue, dann::gpu::Options::default())?;
        let session = Session::new(&gpu, state.target_format, &material)?;
        follow_system(context);
        Ok(Self {
            session,
            lambda: Control { by_schedule: true, value: 0.5 },
            learning_rate: Control { by_schedule: true, value: 0.01 },
            colours: Colours::Domain,
            frames: Frames::default(),
            message: String::new(),
            failed: false,
            adapters: state.available_adapters.iter().map(named).collect(),
            gpu,
            material,
            options,
            opened: Instant::now(),
            state,
        })
    }

    pub(super) fn set_paused(&mut self, paused: bool) {
        self.session.trainer.set_paused(paused);
    }

    /// Starts training anew, from the same seed.
    pub(super) fn reset(&mut self) {
        match Session::new(&self.gpu, self.state.target_format, &self.material) {
            Ok(session) => {
                (self.session, self.failed, self.message) = (session, false, "training starts anew".into());
            }
            Err(e) => self.message = e.to_string(),
        }
    }

    pub(super) fn save(&mut self) {
        let file = self.options.out.join("model.safetensors");
        let made = std::fs::create_dir_all(&self.options.out).map_err(anyhow::Error::from);
        let asked =
            made.and_then(|()| Ok(self.session.save(&self.state.device, &self.state.queue, &file)?));
        self.message = match asked {
            Ok(()) => "saving".into(),
            Err(e) => format!("{}: {e}", file.display()),
        };
    }

    /// Opens the viewer on another adapter, in a process of its own: a window's device cannot be changed.
    pub(super) fn reopen(&mut self, context: &egui::Context, adapter: &str) {
        let words: String = adapter.chars().map(|c| if c == '(' || c == ')' { ' ' } else { c }).collect();
        let program = std::env::current_exe();
        let mut arguments: Vec<_> = std::env::args_os().skip(1).collect();
        if let Some(at) = arguments.iter().position(|argument| argument == "--adapter") {
            arguments.drain(at..(at + 2).min(arguments.len()));
        }
        let started = program.and_then(|program| {
            std::process::Command::new(program).args(arguments).arg("--adapter").arg(words).spawn()
        });
        match started {
            Ok(_) => context.send_viewport_cmd(egui::ViewportCommand::Close),
            Err(e) => self.message = format!("could not open the viewer on {adapter}: {e}"),
        }
    }

    fn keys(&mut self, context: &egui::Context) {
        // A focused widget has the keys to itself: space presses a button, and arrows move a slider.
        if context.memory(|memory| memory.focused().is_some()) {
            return;
        }
        let pressed = |key| context.input(|input| input.key_pressed(key));
        if pressed(Key::Space) {
            self.set_paused(!self.session.trainer.is_paused());
        }
        if pressed(Key::R) {
            self.reset();
        }
        if pressed(Key::S) {
            self.save();
        }
        if pressed(Key::C) {
            self.colours = match self.colours {
                Colours::Domain => Colours::Class,
                Colours::Class => Colours::Domain,
            };
        }
    }

    fn advance(&mut self) -> dann::error::Result<()> {
        self.session.trainer.set_lambda(self.lambda.setting())?;
        self.session.trainer.set_learning_rate(self.learning_rate.setting())?;
        if let Some(file) = self.session.advance(&self.state.device, &self.state.queue)? {
            self.message = format!("saved to {}", file.display());
        }
        if let Some(warning) = self.session.warnings.pop() {
            self.message = warning.to_string();
        }
        Ok(())
    }
}

impl eframe::App for Viewer {
    fn ui(&mut self, ui: &mut egui::Ui, _: &mut eframe::Frame) {
        self.keys(ui.ctx());
        if !self.failed
            && let Err(e) = self.advance()
        {
            (self.failed, self.message) = (true, e.to_string());
        }
        let live = self.session.is_live() && !self.failed;
        self.frames.begin(live);
        self.panels(ui);
        if self.session.is_busy() {
            ui.ctx().request_repaint_after(SOON);
        } else if live {
            ui.ctx().request_repaint();
        }
        if let Some(seconds) = self.options.seconds {
            let left = seconds - self.opened.elapsed().as_secs_f64();
            match Duration::try_from_secs_f64(left) {
                Ok(left) => ui.ctx().request_repaint_after(left),
                Err(_) => ui.ctx().send_viewport_cmd(egui::ViewportCommand::Close),
            }
        }
    }

    fn clear_color(&self, visuals: &egui::Visuals) -> [f32; 4] {
        visuals.panel_fill.to_normalized_gamma_f32()
    }

    fn on_exit(&mut self) {
        println!("{}", self.frames.summary());
    }
}
