//! What those are told who do not see live_viewer's window, and whether its colours stand out from light and dark.

use crate::live_viewer::drawing::{DOMAINS, GOOD, SOURCE, TARGET, on_ground};
use crate::live_viewer::{Material, Options, Viewer, setup};
use crate::scene::scatter::colours_of_classes;
use crate::scene::toy;
use dann::wgpu;
use eframe::egui::accesskit::{Action, Node, NodeId, Role};
use eframe::egui::{self, Color32, Visuals};
use eframe::egui_wgpu::{RenderState, RendererOptions, WgpuConfiguration, WgpuSetup};
use std::collections::{BTreeSet, HashMap};

/// The part of a point's colour that covers the ground.
const COVER: f32 = 0.85;
/// What WCAG 2.2 asks of pictures (1.4.11) and of text (1.4.3).
const PICTURES: f32 = 3.0;
const TEXT: f32 = 4.5;

/// The viewer on a device of its own, without a window.
fn viewer(context: &egui::Context) -> Viewer {
    let config = WgpuConfiguration { wgpu_setup: setup(None), ..Default::default() };
    let WgpuSetup::CreateNew(new) = setup(None) else { panic!("the viewer's setup opens a device") };
    let instance = wgpu::Instance::new(new.instance_descriptor);
    let state = RenderState::create(&config, &instance, None, RendererOptions::default());
    let state = pollster::block_on(state).expect("a device");
    let mut config = toy::config(0).unwrap();
    config.training.batch = 16;
    let material = Material { config, source: toy::source(64, 0), target: toy::target(64, 0) };
    let options = Options { out: std::env::temp_dir(), seconds: None };
    Viewer::new(context, state, material, options).unwrap()
}

/// What a screen reader is given of the window.
fn nodes() -> HashMap<NodeId, Node> {
    let context = egui::Context::default();
    let mut viewer = viewer(&context);
    context.enable_accesskit();
    let room = egui::Rect::from_min_size(egui::Pos2::ZERO, egui::vec2(1280.0, 800.0));
    // What the first frame lays out, the second one shows.
    let frames = [(); 2].map(|()| {
        let input = egui::RawInput { screen_rect: Some(room), ..Default::default() };
        let mut output = context.run_ui(input, |ui| viewer.panels(ui));
        output.textures_delta.clear();
        output.platform_output.accesskit_update.take().expect("nodes").nodes
    });
    let [_, nodes] = frames;
    nodes.into_iter().collect()
}

/// A node's own name, else that of what it is labelled by.
fn name(nodes: &HashMap<NodeId, Node>, node: &Node) -> String {
    let of_label = |id: &NodeId| nodes[id].value().or_else(|| nodes[id].label()).map(str::to_owned);
    let labels = || node.labelled_by().iter().filter_map(of_label).collect::<Vec<_>>().join(" ");
    node.label().map_or_else(labels, str::to_owned)
}

#[test]
fn all_that_can_be_worked_has_a_name_of_its_own_and_pictures_say_what_they_show() {
    let nodes = nodes();
    let of = |wanted: &dyn Fn(&Node) -> bool| -> Vec<(Role, String)> {
        nodes.values().filter(|node| wanted(node)).map(|node| (node.role(), name(&nodes, node))).collect()
    };
    let worked = of(&|node| {
        let actions = [Action::Click, Action::Focus, Action::SetValue];
        // Text can be marked, and is its own name.
        node.role() != Role::Label && actions.into_iter().any(|action| node.supports_action(action))
    });
    let names: BTreeSet<_> = worked.iter().map(|(role, name)| format!("{role:?} {name}")).collect();
    assert!(worked.len() >= 10, "{names:?}");
    assert!(worked.iter().all(|(_, name)| !name.is_empty()), "{names:?}");
    assert_eq!(names.len(), worked.len(), "two with the same name: {worked:?}");
    for wanted in [
        "Button Pause",
        "CheckBox λ by schedule",
        "CheckBox learning rate by schedule",
        "Slider Learning rate",
        "ComboBox Adapter (another one opens a new window)",
    ] {
        assert!(names.contains(wanted), "{wanted:?} is not in {names:?}");
    }

    let pictures = of(&|node| node.role() == Role::Image);
    for wanted in [
        "16 source points as discs and 16 target points as rings",
        "16 target images, the predicted class in the corner of each",
        "16 filters of the first layer",
        "label loss, source not known yet",
        "λ not known yet",
    ] {
        assert!(pictures.iter().any(|(_, name)| name.contains(wanted)), "{wanted:?} is not in {pictures:?}");
    }
}

/// WCAG's contrast of two colours.
fn contrast(a: [f32; 3], b: [f32; 3]) -> f32 {
    let linear = |part: f32| if part <= 0.04045 { part / 12.92 } else { ((part + 0.055) / 1.055).powf(2.4) };
    let luminance = |[r, g, b]: [f32; 3]| 0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b);
    let (a, b) = (luminance(a) + 0.05, luminance(b) + 0.05);
    a.max(b) / a.min(b)
}

#[test]
fn colours_stand_out_from_light_grounds_and_from_dark_ones() {
    let parts = |colour: Color32| [colour.r(), colour.g(), colour.b()].map(|part| f32::from(part) / 255.0);
    let classes = colours_of_classes().into_iter().map(|[r, g, b]| Color32::from_rgb(r, g, b));
    let written: Vec<_> = classes.collect();
    for visuals in [Visuals::dark(), Visuals::light()] {
        let ground = parts(visuals.panel_fill);
        for (at, colour) in written.iter().chain(&[SOURCE, TARGET, GOOD, DOMAINS]).enumerate() {
            let drawn = parts(on_ground(&visuals, *colour));
            let point = std::array::from_fn(|part| COVER * drawn[part] + (1.0 - COVER) * ground[part]);
            let (point, text) = (contrast(point, ground), contrast(drawn, ground));
            let is_written = at < written.len();
            let found = format!("{colour:?}, dark {}: {point} and {text}", visuals.dark_mode);
            assert!(point >= PICTURES && (text >= TEXT || !is_written), "{found}");
        }
    }
}
