//! Trains MNIST → MNIST-M, or any other pair of data sets, with the library:
//!
//!     cargo run --release --example train -- data/mnist data/mnist_m [STEPS] [RECIPE.toml]
//!
//! The recipe is preset `demo` unless another one is named. The model is written to `model.safetensors`.

use dann::error::Result;
use dann::fit::{Observer, Sets, State, Training};
use dann::gpu::{Gpu, Options, choose};
use dann::train::{Config, EpochRecord, health::Warning};

/// Prints a line an epoch.
struct Printer;

impl Observer for Printer {
    fn epoch_ended(&mut self, state: &State<'_>, epoch: &EpochRecord, warnings: &[Warning]) -> Result<()> {
        let (steps, of) = (state.steps_done(), state.total_steps());
        println!("step {steps} of {of}: label loss {:.3}", epoch.mean.label_loss);
        warnings.iter().for_each(|warning| println!("{warning}"));
        Ok(())
    }
}

fn main() -> std::result::Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [source, target, rest @ ..] = &arguments[..] else {
        return Err("usage: train SOURCE TARGET [STEPS] [RECIPE.toml]".into());
    };
    let mut config =
        rest.get(1).map_or_else(|| Config::preset("demo"), |file| Config::read(file.as_ref()))?;
    config.training.steps = rest.first().map(|steps| steps.parse()).transpose()?.or(config.training.steps);
    let sets = Sets::read(source.as_ref(), target.as_ref(), &config)?;
    let open = || Gpu::open(&choose(None)?, Options::default());
    let trained = Training::new(config).run(&sets, &open, &mut [&mut Printer])?;
    trained.checkpoint.write("model.safetensors".as_ref())?;
    let accuracy = trained.result.report.target_test_accuracy;
    println!("{} steps; target test accuracy, for report only: {accuracy:?}", trained.result.steps);
    Ok(())
}
