//===- CompressPasses.td - Passes of compress: the same in fewer bits, when asked ===//
#ifndef GLMC_LOWERING_COMPRESSPASSES_TD
#define GLMC_LOWERING_COMPRESSPASSES_TD

include "mlir/Pass/PassBase.td"

def QuantizeWeights : Pass<"glm-quantize-weights", "::mlir::ModuleOp"> {
  let summary = "Round the weights of products and look-ups to 16, 8 or 4 bits";
  let description = [{
    Every matmul whose right side is a constant of floats, and every gather from a
    constant table (embeddings), reads it rounded: to f16 or bf16, or to integers
    of 8 or 4 bits with an f16 scale (asymmetric: and a zero) for each `group`
    elements along the dimension that is summed over, of a table along its
    features. A weight that several ops or graphs read becomes one set of integers.
    dialects/glm/Rounding.h says how integers and scales follow from the weight.

    `keep` is a list of PATTERN=FORMAT: what a weight whose name, or the name of an
    ONNX node that reads it, matches the glob becomes instead; the first that
    matches counts. A pattern that matches nothing is an error.

    With `activations` int8, products of integers round their left side to 8 bits
    when the program runs (`lhs_group`): groups of 128, 64 or 32, whichever is the
    longest that divides the weight's group. Models that come with glm.dequantize
    keep their integers; this applies to them too.

    What each weight became, and why, is the module's `glm.layers`. Products of two
    activations, biases, norms, tables of factors (cosines) and, unless kept by
    name, weights of fewer than 4,096 elements stay as they are.

    ```mlir
    %w = glm.weight "w" <"data", 0, 32768, raw> : tensor<64x128xf32>
    %y = glm.matmul %x, %w : tensor<1x64xf32>, tensor<64x128xf32> -> tensor<1x128xf32>
    // becomes, with format=int4
    %q = glm.weight "w" <"data", 0, 32768, raw> rounded <tensor<64x128xf32>, i4, values, 0, 32> : tensor<64x128xi4>
    %s = glm.weight "w.scales" <"data", 0, 32768, raw> rounded <tensor<64x128xf32>, i4, scales, 0, 32> : tensor<2x128xf16>
    %d = glm.dequantize %q, %s axis 0 group 32 : tensor<64x128xi4>, tensor<2x128xf16> -> tensor<64x128xf32>
    %y = glm.matmul %x, %d : tensor<1x64xf32>, tensor<64x128xf32> -> tensor<1x128xf32>
    ```
  }];
  let options = [Option<"format", "format", "std::string", /*default=*/"\"\"",
                        "f32, f16, bf16, int8 or int4; empty: as the model has them">,
                 Option<"group", "group", "int64_t", /*default=*/"32", "Elements that share a scale">,
                 Option<"asymmetric", "asymmetric", "bool", /*default=*/"false", "Groups have a zero as well">,
                 ListOption<"keep", "keep", "std::string", "PATTERN=FORMAT of weights that become something else">,
                 Option<"activations", "activations", "std::string", /*default=*/"\"float\"",
                        "float, or int8: what products of integers multiply them with">];
  let statistics = [Statistic<"quantized", "quantized", "Weights rounded">,
                    Statistic<"integerProducts", "integer-products", "Products of integers">];
  let dependentDialects = ["::glmc::glm::GlmDialect"];
}

def QuantizeActivations : Pass<"glm-quantize-activations", "::mlir::ModuleOp"> {
  let summary = "Round what products of integers read by scales from samples";
  let description = [{
    For `--activations static`: the left side of each product whose weights are
    integers with one scale a column becomes int8 with the fixed scale that
    `glm.ranges` has for it: magnitude / 127. glm-recover-integer-products then
    multiplies the integers. Products without a range keep their floats.

    ```mlir
    %y = glm.matmul %x, %w : tensor<1x64xf32>, tensor<64x128xf32> -> tensor<1x128xf32>
    // becomes, where %s is magnitude / 127
    %d = glm.div %x, %s : tensor<1x64xf32>, tensor<1x1xf32> -> tensor<1x64xf32>
    %r = glm.round %d : tensor<1x64xf32>
    %a = glm.max %r, %least : tensor<1x64xf32>, tensor<1x1xf32> -> tensor<1x64xf32>
    %b = glm.min %a, %most : tensor<1x64xf32>, tensor<1x1xf32> -> tensor<1x64xf32>
    %q = glm.cast %b : tensor<1x64xf32> to tensor<1x64xi8>
    %n = glm.dequantize %q, %s axis 1 group 64 : tensor<1x64xi8>, tensor<1x1xf32> -> tensor<1x64xf32>
    %y = glm.matmul %n, %w : tensor<1x64xf32>, tensor<64x128xf32> -> tensor<1x128xf32>
    ```
  }];
  let statistics = [Statistic<"roundedProducts", "rounded-products", "Products of rounded activations">];
  let dependentDialects = ["::glmc::glm::GlmDialect"];
}

#endif // GLMC_LOWERING_COMPRESSPASSES_TD
