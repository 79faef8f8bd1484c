// RUN: glm-opt %s --split-input-file --verify-diagnostics --glm-quantize-activations

// expected-error @+1 {{has no ranges of activations: run `glmc calibrate`, and give its file with --calibration}}
module {
}

// -----

// expected-error @+1 {{expected {node, weight, magnitude}, with a finite magnitude of 0 or more}}
module attributes {glm.ranges = [{node = "n", weight = "w", magnitude = -1.0}]} {
}

// -----

// expected-error @+1 {{expected {node, weight, magnitude}, with a finite magnitude of 0 or more}}
module attributes {glm.ranges = [{node = "n", weight = "w", magnitude = 0x7FF0000000000000}]} {
}

// -----

// expected-error @+1 {{expected {node, weight, magnitude}}}
module attributes {glm.ranges = ["w"]} {
}

// -----

// expected-error @+1 {{activations are to have fixed scales, but no product has int8 weights of one scale a column and a range}}
module attributes {glm.ranges = []} {
}
