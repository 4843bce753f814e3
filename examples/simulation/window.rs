//! The window: both streams, what is learned of them, and how well.

use super::renderer::{OBJECTS, Renderer};
use super::testing::Testing;
use super::training::{Application, Plan};
use super::{CLASSES, Look};
use crate::scene::scatter::{Colours, Projection, Scatter};
use crate::viewer::drawing::{
    DOMAINS, GOOD, SOURCE, TARGET, choice_of_colours, features, legend, plot, points, tiles,
};
use crate::viewer::{setup, theme::follow_system, tiles::Tiles};
use anyhow::Context as _;
use dann::embed::{Gpu, Staged, Trainer};
use dann::model::Domain;
use dann::train::StepMetrics;
use dann::wgpu;
use eframe::egui::{self, Ui, vec2};
use eframe::egui_wgpu::RenderState;
use egui_plot::Corner;
use std::time::{Duration, Instant};

/// How long setting up, or each trainer, may keep a frame.
const BUDGET: Duration = Duration::from_millis(8);
/// How soon a window that waits for the device looks again.
const SOON: Duration = Duration::from_millis(4);
/// Target images on show, and in a row.
const MOST_IMAGES: u32 = 32;
const COLUMNS_OF_IMAGES: u32 = 11;

/// Opens the window and trains until it is closed.
pub fn open(plan: Plan, adapter: Option<String>, seconds: Option<f64>) -> anyhow::Result<()> {
    env_logger::Builder::from_env(env_logger::Env::default().default_filter_or("warn")).init();
    let native = eframe::NativeOptions {
        viewport: egui::ViewportBuilder::default()
            .with_title("dann: from a simulation to reality")
            .with_inner_size([1280.0, 800.0])
            .with_min_inner_size([1000.0, 700.0]),
        renderer: eframe::Renderer::Wgpu,
        dithering: false,
        wgpu_options: eframe::egui_wgpu::WgpuConfiguration {
            wgpu_setup: setup(adapter),
            ..Default::default()
        },
        ..Default::default()
    };
    let create = |context: &eframe::CreationContext<'_>| -> Result<Box<dyn eframe::App>, _> {
        Ok(Box::new(Window::new(context, plan, seconds)?))
    };
    eframe::run_native("dann", native, Box::new(create))
        .map_err(|e| anyhow::anyhow!("the window could not be opened: {e}"))
}

struct Window {
    state: RenderState,
    gpu: Gpu,
    plan: Plan,
    /// Trainers in the making, and those that are made.
    coming: Vec<Staged<'static, Trainer>>,
    made: Vec<Trainer>,
    /// How much of the next one is made.
    share: f64,
    live: Option<Live>,
    colours: Colours,
    message: Option<String>,
    opened: Instant,
    seconds: Option<f64>,
}

/// What there is once the trainers are made.
struct Live {
    application: Application,
    /// What the renderers draw, as egui knows it.
    streams: [egui::TextureId; 2],
    projection: Projection,
    scatter: Scatter,
    images: Tiles,
    testing: [Testing; 2],
    curves: Vec<StepMetrics>,
}

impl Window {
    fn new(context: &eframe::CreationContext<'_>, plan: Plan, seconds: Option<f64>) -> anyhow::Result<Self> {
        let state = context.wgpu_render_state.clone().context("eframe runs without wgpu")?;
        let gpu = Gpu::borrow(&state.device, &state.queue, dann::gpu::Options::default())?;
        follow_system(&context.egui_ctx);
        Ok(Self {
            coming: plan.trainers(&gpu)?.into_iter().rev().collect(),
            made: vec![],
            share: 0.0,
            live: None,
            colours: Colours::Domain,
            message: None,
            opened: Instant::now(),
            state,
            gpu,
            plan,
            seconds,
        })
    }

    /// A part of a frame: makes the trainers, slice by slice, and trains once they are made.
    fn advance(&mut self) -> anyhow::Result<()> {
        if let Some(live) = &mut self.live {
            return live.advance();
        }
        if let Some(coming) = self.coming.last_mut() {
            self.share = coming.advance(BUDGET)?;
            if self.share < 1.0 {
                return Ok(());
            }
        }
        match self.coming.pop() {
            Some(coming) => self.made.push(coming.finish()?),
            None => self.live = Some(self.begin()?),
        }
        Ok(())
    }

    fn begin(&mut self) -> anyhow::Result<Live> {
        let trainers = std::mem::take(&mut self.made).try_into();
        let trainers = trainers.map_err(|_| anyhow::anyhow!("two trainers are made"))?;
        let application = Application::new(&self.gpu, &self.plan, trainers);
        let (device, format) = (&self.state.device, self.state.target_format);
        let streams = application.renderers.each_ref().map(|renderer| {
            let filter = wgpu::FilterMode::Linear;
            self.state.renderer.write().register_native_texture(device, &renderer.picture, filter)
        });
        let views = application.trainers[1].views();
        let projection = Projection::new(device, views);
        let input = &application.trainers[1].config().model.input;
        let normalization = input.normalization_of(Domain::Target);
        let mut unseen = Renderer::new(device, &self.state.queue, Look::Reality, self.plan.test_seed());
        let [source_only, dann] = &application.trainers;
        let test = super::testing::images(&self.gpu, &mut unseen, input.frame())?;
        Ok(Live {
            streams,
            scatter: Scatter::new(device, format, views, &projection),
            images: Tiles::images(device, format, views, normalization, COLUMNS_OF_IMAGES, MOST_IMAGES),
            testing: [Testing::new(source_only, &test)?, Testing::new(dann, &test)?],
            projection,
            application,
            curves: vec![],
        })
    }

    fn panels(&mut self, ui: &mut Ui) {
        let Some(live) = &self.live else {
            let trainer = self.made.len() + 1;
            let words = format!("trainer {} of 2 is set up: {:.0} %", trainer.min(2), 100.0 * self.share);
            ui.centered_and_justified(|ui| ui.heading(words));
            return;
        };
        let side = (0.42 * ui.available_height()).min(0.27 * ui.available_width());
        ui.horizontal_top(|ui| {
            let names = ["Simulation: the source, with labels", "Reality: the target, without"];
            for (name, stream) in names.into_iter().zip(live.streams) {
                ui.vertical(|ui| {
                    ui.set_width(side);
                    ui.strong(name);
                    ui.add(egui::Image::new((stream, vec2(side, side))).alt_text(name));
                });
            }
            ui.vertical(|ui| live.accuracies(ui, side - 24.0));
        });
        ui.add_space(8.0);
        ui.columns_const(|[left, right]| {
            left.horizontal(|ui| {
                ui.strong("Features with adaptation");
                choice_of_colours(ui, &mut self.colours);
            });
            legend(left, self.colours);
            let room = left.available_size() - vec2(0.0, 22.0);
            features(left, &self.state.queue, &live.scatter, self.colours, room);
            left.weak(self.message.clone().unwrap_or_else(|| live.words()));
            live.predictions(right);
        });
    }
}

impl Live {
    /// Takes in what has arrived, and submits the next frame when all has.
    fn advance(&mut self) -> anyhow::Result<()> {
        let (device, queue) = (self.application.gpu.device().clone(), self.application.gpu.queue().clone());
        device.poll(wgpu::PollType::Poll).ok();
        let [source_only, dann] = &mut self.application.trainers;
        source_only.take_metrics()?;
        self.curves.extend(dann.take_metrics()?);
        self.testing.iter_mut().try_for_each(Testing::take)?;
        if self.is_waiting() {
            return Ok(());
        }
        let mut encoder = device.create_command_encoder(&Default::default());
        let training = !self.is_trained();
        if training {
            let budget = self.application.trainers.each_ref().map(|trainer| trainer.step_budget(BUDGET));
            self.application.encode(&mut encoder, budget[0].min(budget[1]))?;
            self.projection.encode(&mut encoder);
        }
        let mut tests = false;
        for (testing, trainer) in self.testing.iter_mut().zip(&self.application.trainers) {
            tests |= testing.encode(&mut encoder, trainer)?;
        }
        if training || tests {
            queue.submit([encoder.finish()]);
        }
        Ok(())
    }

    /// Whether steps are on their way.
    fn is_waiting(&self) -> bool {
        self.application.trainers.iter().any(|trainer| trainer.steps_encoded() > trainer.steps_done())
    }

    fn is_trained(&self) -> bool {
        self.application.trainers.iter().all(Trainer::is_finished)
    }

    fn is_finished(&self) -> bool {
        let mut tests = self.testing.iter().zip(&self.application.trainers);
        self.is_trained() && tests.all(|(testing, trainer)| !testing.is_due(trainer))
    }

    fn words(&self) -> String {
        let trainer = &self.application.trainers[1];
        let (done, total) = (trainer.steps_done(), trainer.total_steps());
        match self.is_finished() {
            true => format!("finished after {total} steps"),
            false => format!("step {done} of {total}, {OBJECTS} new objects of either kind a frame"),
        }
    }

    fn accuracies(&self, ui: &mut Ui, height: f32) {
        let [source_only, dann] = self.testing.each_ref().map(|testing| testing.accuracies.clone());
        let last = |all: &[[f64; 2]]| all.last().map_or("–".into(), |[_, y]| format!("{:.0} %", 100.0 * y));
        let (without, with) = (last(&source_only), last(&dann));
        ui.strong(format!(
            "Real objects that nobody has trained on: {without} right without adaptation, {with} with it"
        ));
        let curves = [("without adaptation", SOURCE, source_only), ("with adaptation", TARGET, dann)];
        plot(ui, ("accuracies", "share that is right"), height, Corner::RightBottom, curves);
    }

    fn predictions(&self, ui: &mut Ui) {
        ui.strong("Target images and what is predicted for them");
        let words = format!("{} target images, the predicted class in the corner of each", self.images.count);
        tiles(ui, &self.images, 0.5, &words);
        let names: Vec<_> =
            CLASSES.iter().enumerate().map(|(class, name)| format!("{class} {name}")).collect();
        ui.weak(names.join(" · "));
        ui.add_space(4.0);
        let curves = [
            ("label loss, source", SOURCE, points(&self.curves, |m| Some(m.label_loss))),
            ("domain loss", DOMAINS, points(&self.curves, |m| m.domain_loss)),
            ("λ", GOOD, points(&self.curves, |m| Some(m.lambda))),
        ];
        let height = ui.available_height() - 8.0;
        plot(ui, ("losses", "loss, or λ"), height, Corner::RightTop, curves);
    }
}

impl eframe::App for Window {
    fn ui(&mut self, ui: &mut Ui, _: &mut eframe::Frame) {
        if self.message.is_none()
            && let Err(e) = self.advance()
        {
            self.message = Some(e.to_string());
        }
        egui::CentralPanel::default().show(ui, |ui| self.panels(ui));
        let is_live = self.live.as_ref().is_none_or(|live| !live.is_finished());
        if is_live && self.message.is_none() {
            ui.ctx().request_repaint_after(SOON);
        }
        if let Some(seconds) = self.seconds {
            match Duration::try_from_secs_f64(seconds - self.opened.elapsed().as_secs_f64()) {
                Ok(left) => ui.ctx().request_repaint_after(left),
                Err(_) => ui.ctx().send_viewport_cmd(egui::ViewportCommand::Close),
            }
        }
    }
}
