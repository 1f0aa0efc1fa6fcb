#include "engine/rollout/rank_stats.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <stdexcept>

#include "engine/weight_reader.h"

namespace longtake {

namespace {

// Four running sums: the order of additions is fixed here, and the processor can overlap them.
double dot(const double* a, const double* b, int64_t n) {
    double sums[4] = {};
    int64_t i = 0;
    for (; i + 4 <= n; i += 4)
        for (int64_t lane = 0; lane < 4; ++lane) sums[lane] += a[i + lane] * b[i + lane];
    for (; i < n; ++i) sums[0] += a[i] * b[i];
    return (sums[0] + sums[1]) + (sums[2] + sums[3]);
}

Matrix transposed(const Matrix& a) {
    Matrix out(a.cols, a.rows);
    for (int64_t r = 0; r < a.rows; ++r)
        for (int64_t c = 0; c < a.cols; ++c) out(c, r) = a(r, c);
    return out;
}

// The triangular factor R [cols, cols] of a matrix given by its columns, at least as long as they are many.
// Householder reflections; the orthogonal factor is not kept because it changes no singular value.
Matrix triangularFactor(Matrix columns) {  // [cols, rows]: row i is column i
    const int64_t count = columns.rows, length = columns.cols;
    Matrix r(count, count);
    std::vector<double> v(static_cast<size_t>(length));
    for (int64_t k = 0; k < count; ++k) {
        double* column = columns.row(k);
        const int64_t n = length - k;
        const double norm = std::sqrt(dot(column + k, column + k, n));
        for (int64_t i = 0; i < k; ++i) r(i, k) = column[i];
        if (norm == 0) continue;
        const double head = column[k] > 0 ? -norm : norm;
        std::copy_n(column + k, n, v.begin());
        v[0] -= head;
        const double scale = 2.0 / dot(v.data(), v.data(), n);
        for (int64_t j = k + 1; j < count; ++j) {
            double* other = columns.row(j) + k;
            const double factor = scale * dot(v.data(), other, n);
            for (int64_t i = 0; i < n; ++i) other[i] -= factor * v[static_cast<size_t>(i)];
        }
        r(k, k) = head;
    }
    return r;
}

// One-sided Jacobi (Hestenes): turns pairs of rows until all are orthogonal; their lengths are the singular values.
std::vector<double> orthogonalisedLengths(Matrix a) {
    constexpr int kMaxSweeps = 60;
    const double eps = std::numeric_limits<double>::epsilon();
    const double total = dot(a.values.data(), a.values.data(), a.rows * a.cols);
    const double negligible = total * eps * eps / 16;  // squared length of a row that is rounding alone
    bool turned = true;
    for (int sweep = 0; turned && sweep < kMaxSweeps; ++sweep) {
        turned = false;
        for (int64_t p = 0; p + 1 < a.rows; ++p) {
            for (int64_t q = p + 1; q < a.rows; ++q) {
                double *x = a.row(p), *y = a.row(q);
                const double xx = dot(x, x, a.cols), yy = dot(y, y, a.cols), xy = dot(x, y, a.cols);
                if (std::min(xx, yy) <= negligible || std::abs(xy) <= eps * std::sqrt(xx * yy)) continue;
                turned = true;
                const double zeta = (yy - xx) / (2 * xy);
                const double t = (zeta >= 0 ? 1.0 : -1.0) / (std::abs(zeta) + std::sqrt(1 + zeta * zeta));
                const double c = 1 / std::sqrt(1 + t * t), s = c * t;
                for (int64_t i = 0; i < a.cols; ++i) {
                    const double xi = x[i];
                    x[i] = c * xi - s * y[i];
                    y[i] = s * xi + c * y[i];
                }
            }
        }
    }
    std::vector<double> out;
    for (int64_t p = 0; p < a.rows; ++p) out.push_back(std::sqrt(dot(a.row(p), a.row(p), a.cols)));
    std::sort(out.begin(), out.end(), std::greater<>());
    return out;
}

// Brings a symmetric matrix to a tridiagonal one with the same eigenvalues, by Householder reflections from both sides.
struct Tridiagonal {
    std::vector<double> diagonal, beside;  // beside[i] couples i and i + 1; the last is 0
};

Tridiagonal tridiagonalOf(Matrix& a) {
    const int64_t n = a.rows;
    Tridiagonal out{std::vector<double>(static_cast<size_t>(n)), std::vector<double>(static_cast<size_t>(n))};
    std::vector<double> v(static_cast<size_t>(n)), w(static_cast<size_t>(n));
    for (int64_t k = 0; k < n; ++k) {
        out.diagonal[static_cast<size_t>(k)] = a(k, k);
        const int64_t first = k + 1, count = n - first;
        if (count < 1) break;
        const double* source = a.row(k) + first;  // symmetric: the column below the diagonal
        const double norm = std::sqrt(dot(source, source, count));
        if (count == 1 || norm == 0) {
            out.beside[static_cast<size_t>(k)] = *source;
            continue;
        }
        const double head = *source > 0 ? -norm : norm;
        out.beside[static_cast<size_t>(k)] = head;
        std::copy_n(source, count, v.begin());
        v[0] -= head;
        const double scale = 2.0 / dot(v.data(), v.data(), count);
        for (int64_t i = 0; i < count; ++i) w[static_cast<size_t>(i)] = scale * dot(a.row(first + i) + first, v.data(), count);
        const double half = 0.5 * scale * dot(w.data(), v.data(), count);
        for (int64_t i = 0; i < count; ++i) w[static_cast<size_t>(i)] -= half * v[static_cast<size_t>(i)];
        for (int64_t i = 0; i < count; ++i) {
            double* row = a.row(first + i) + first;
            const double vi = v[static_cast<size_t>(i)], wi = w[static_cast<size_t>(i)];
            for (int64_t j = 0; j < count; ++j) row[j] -= vi * w[static_cast<size_t>(j)] + wi * v[static_cast<size_t>(j)];
        }
    }
    return out;
}

// One implicit QL step with Wilkinson's shift on the unreduced block [first, last].
void qlStep(Tridiagonal& t, size_t first, size_t last) {
    std::vector<double>&d = t.diagonal, &e = t.beside;
    const double ahead = (d[first + 1] - d[first]) / (2 * e[first]);
    double g = d[last] - d[first] + e[first] / (ahead + std::copysign(std::hypot(ahead, 1.0), ahead));
    double s = 1, c = 1, p = 0;
    for (size_t i = last; i-- > first;) {
        const double f = s * e[i], b = c * e[i];
        const double r = std::hypot(f, g);
        e[i + 1] = r;
        if (r == 0) {  // the block has fallen apart early
            d[i + 1] -= p;
            e[last] = 0;
            return;
        }
        s = f / r;
        c = g / r;
        g = d[i + 1] - p;
        const double turned = (d[i] - g) * s + 2 * c * b;
        p = s * turned;
        d[i + 1] = g + p;
        g = c * turned - b;
    }
    d[first] -= p;
    e[first] = g;
    e[last] = 0;
}

}  // namespace

Matrix Matrix::of(const Tensor& tensor) {
    if (tensor.shape().rank() != 2) throw std::invalid_argument("[rank] expected a matrix, got shape " + tensor.shape().text());
    Matrix out(tensor.shape()[0], tensor.shape()[1]);
    if (tensor.dtype() == DType::F64) {
        std::copy_n(tensor.as<double>(), tensor.count(), out.values.begin());
    } else {
        const std::vector<float> values = toFloats(tensor);
        std::copy(values.begin(), values.end(), out.values.begin());
    }
    return out;
}

std::vector<double> singularValues(const Matrix& a) {
    // The triangular factor of the taller orientation is smaller than the matrix, and turning its rows rather than its
    // columns takes fewer sweeps.
    const Matrix columns = a.rows >= a.cols ? transposed(a) : a;
    return orthogonalisedLengths(triangularFactor(columns));
}

std::vector<double> singularValuesOfProduct(const Matrix& left, const Matrix& right) {
    if (left.cols != right.rows)
        throw std::invalid_argument("[rank] factors do not fit: " + std::to_string(left.cols) + " columns, " + std::to_string(right.rows) +
                                    " rows");
    // left = Q1 R1 and right^T = Q2 R2, each where it is taller than wide; left right = Q1 (R1 R2^T) Q2^T.
    const Matrix r1 = left.rows >= left.cols ? triangularFactor(transposed(left)) : left;
    const Matrix r2 = right.cols >= right.rows ? triangularFactor(right) : transposed(right);
    Matrix core(r1.rows, r2.rows);
    for (int64_t i = 0; i < core.rows; ++i)
        for (int64_t j = 0; j < core.cols; ++j) core(i, j) = dot(r1.row(i), r2.row(j), r1.cols);
    std::vector<double> out = singularValues(core);
    out.resize(static_cast<size_t>(std::min(left.rows, right.cols)));
    return out;
}

std::vector<double> symmetricEigenvalues(Matrix a) {
    constexpr int kMaxSteps = 60;  // of one eigenvalue; two or three are usual
    Tridiagonal t = tridiagonalOf(a);
    std::vector<double>&d = t.diagonal, &e = t.beside;
    const double eps = std::numeric_limits<double>::epsilon();
    for (size_t first = 0; first < d.size(); ++first) {
        for (int step = 0; step < kMaxSteps; ++step) {
            size_t last = first;
            while (last + 1 < d.size() && std::abs(e[last]) > eps * (std::abs(d[last]) + std::abs(d[last + 1]))) ++last;
            if (last == first) break;
            qlStep(t, first, last);
        }
    }
    std::sort(d.begin(), d.end());
    return d;
}

std::vector<double> singularValuesFromGram(Matrix gram, int64_t count) {
    const std::vector<double> squares = symmetricEigenvalues(std::move(gram));
    std::vector<double> out;
    for (size_t i = squares.size(); i-- > 0 && static_cast<int64_t>(out.size()) < count;)
        out.push_back(std::sqrt(std::max(0.0, squares[i])));
    return out;
}

RankStats rankStats(std::vector<double> values, std::span<const double> thresholds) {
    RankStats out;
    double total = 0;
    for (double value : values) total += value * value;
    double sum = 0, entropy = 0;
    for (double value : values) {
        const double part = total > 0 ? value * value / total : 0;
        sum += part;
        out.energyShare.push_back(std::min(1.0, sum));
        if (part > 0) entropy -= part * std::log(part);
    }
    if (total > 0) {
        out.stableRank = total / (values.front() * values.front());
        out.entropyRank = std::exp(entropy);
    }
    for (double threshold : thresholds) {
        const auto reached = std::lower_bound(out.energyShare.begin(), out.energyShare.end(), threshold) - out.energyShare.begin();
        const auto most = total > 0 ? static_cast<int64_t>(values.size()) : 0;
        out.r.push_back(total > 0 ? std::min<int64_t>(reached + 1, most) : 0);
    }
    out.singularValues = std::move(values);
    return out;
}

}  // namespace longtake
