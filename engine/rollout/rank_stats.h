// Singular values of a matrix and the ranks they say it effectively has.
//
// Two ways to the singular values:
//   singularValues()          one-sided Jacobi in fp64; errors are around 1e-15 of the largest value. Plain, for weights
//                             of moderate size and for checking the other way.
//   singularValuesFromGram()  square roots of the eigenvalues of A^T A. Squares halve the digits: values below 1e-8 of
//                             the largest are noise (3e-4 when the Gram matrix came from gramFp32()). Energy shares,
//                             which are sums of squares, lose nothing.
//
// Thread: pure functions.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "engine/tensor.h"

namespace longtake {

// Rows of doubles without gaps.
struct Matrix {
    int64_t rows = 0, cols = 0;
    std::vector<double> values;  // [rows, cols]

    Matrix() = default;
    Matrix(int64_t rowCount, int64_t colCount) : rows(rowCount), cols(colCount), values(static_cast<size_t>(rowCount * colCount)) {}
    // A copy of a rank 2 tensor in host memory; any float type.
    static Matrix of(const Tensor& tensor);

    double* row(int64_t r) { return values.data() + r * cols; }
    const double* row(int64_t r) const { return values.data() + r * cols; }
    double& operator()(int64_t r, int64_t c) { return row(r)[c]; }
    double operator()(int64_t r, int64_t c) const { return row(r)[c]; }
};

// min(rows, cols) values, descending. All numbers have to be finite.
std::vector<double> singularValues(const Matrix& a);

// Of left [m, k] times right [k, n], which is never formed: min(m, n) values, those beyond k are 0. Costs the two QR
// factorisations, 2 (m + n) k^2, and a k x k Jacobi, so a composed operator of low rank is cheap at any width.
std::vector<double> singularValuesOfProduct(const Matrix& left, const Matrix& right);

// A^T A of [rows, cols] F32 numbers, `stride` from one row to the next. The first sums in fp32 over 64 rows at a time
// (errors around 1e-7 of the largest eigenvalue) and takes half the time of the second, which is exact to fp64 rounding.
Matrix gramFp32(const float* a, int64_t rows, int64_t cols, int64_t stride);
Matrix gramFp64(const float* a, int64_t rows, int64_t cols, int64_t stride);

// All eigenvalues of a symmetric matrix, ascending.
std::vector<double> symmetricEigenvalues(Matrix a);
// `count` values, descending: of all eigenvalues of the Gram matrix the largest.
std::vector<double> singularValuesFromGram(Matrix gram, int64_t count);

struct RankStats {
    std::vector<double> singularValues;  // descending
    std::vector<double> energyShare;     // running sum of squares over their total; all 0 for a zero matrix
    std::vector<int64_t> r;              // for each threshold the fewest leading values that hold at least that share
    double stableRank = 0;               // sum s^2 / s_1^2
    double entropyRank = 0;              // exp of the entropy of s^2 / sum s^2
};

// `values` descending; thresholds in (0, 1].
RankStats rankStats(std::vector<double> values, std::span<const double> thresholds);

}  // namespace longtake
