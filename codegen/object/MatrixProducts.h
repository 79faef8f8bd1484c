//===- MatrixProducts.h - Dot products of two rows as products of matrices -----===//
//
// A kernel adds four products of bytes a lane at a time (sdot): lanes are columns,
// and each row of a tile has a chain of them over the same weights. AArch64's I8MM
// multiplies two rows of eight bytes with two columns in one instruction (smmla):
// twice as many products, for two shuffles of weights that all rows share.
//
//===----------------------------------------------------------------------===//
#ifndef GLMC_CODEGEN_OBJECT_MATRIXPRODUCTS_H
#define GLMC_CODEGEN_OBJECT_MATRIXPRODUCTS_H

#include "llvm/IR/Function.h"

namespace glmc::object {

/// Makes smmla of every two chains of sdot in a block that read the same weights and
/// are of an even length. The sums are of integers, so they stay what they are.
void pairMatrixProducts(llvm::Function &function);

} // namespace glmc::object

#endif // GLMC_CODEGEN_OBJECT_MATRIXPRODUCTS_H
