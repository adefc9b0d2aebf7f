#include "ike/auth/proof_work.h"

#include <chrono>
#include <memory>
#include <utility>

namespace sallyport::ike {
namespace {

// So often something more is fetched for one proof.
constexpr std::size_t kMostRounds = FetchedEvidence::kMostPlaces;

using Answer = std::shared_ptr<const Fetches::Answer>;

// What jobs work on. The pool has it while a job runs, the control thread in between.
struct Material {
  ProofTask task;
  std::vector<std::optional<Octets>> objects;  // of the pointers, in their order
  std::vector<std::pair<EvidenceRequest, Answer>> answers;
  std::shared_ptr<FetchedEvidence> evidence;  // null: nothing is fetched
};

struct GoodObject {
  FetchedEvidence::ObjectHash hash;
  Octets object;
};

// Puts what was fetched where the peer has pointed to it; yields what it was right about.
std::vector<GoodObject> resolve_pointers(Material& material) {
  std::vector<GoodObject> good;
  for (std::size_t i = material.objects.size(); i-- > 0;) {
    std::optional<Octets>& object = material.objects[i];
    const CertificatePointer& pointer = material.task.pointers[i];
    if (object && resolve(material.task.presented, pointer, *object))
      good.push_back({pointer.hash, std::move(*object)});
  }
  material.objects.clear();
  return good;
}

Expected<Proof> prove(const std::optional<OwnProofTask>& ours) {
  return ours ? make_proof(ours->by, ours->inputs, ours->hashes) : Proof{};
}

// In the pool.
Proofs judge(Material& material, WallTime now) {
  const ProofTask& task = material.task;
  std::vector<GoodObject> objects = resolve_pointers(material);
  for (const auto& [request, answer] : std::exchange(material.answers, {}))
    material.evidence->note(request, *answer, now);
  auto belief = check_proof(task.peer->remote, task.theirs,
                            {.asserted = task.asserted,
                             .authentication = task.authentication,
                             .presented = task.presented,
                             .now = now,
                             .fetched = material.evidence.get()});
  if (!belief) return {std::unexpected(belief.error()), std::unexpected(belief.error())};
  // Only what somebody has proved himself with is worth a place.
  for (GoodObject& good : objects)
    material.evidence->keep_object(good.hash, std::move(good.object));
  if (!belief->wanted.empty()) return {std::move(belief), Proof{}};
  return {std::move(belief), prove(task.ours)};
}

class ProofWork : public std::enable_shared_from_this<ProofWork> {
 public:
  ProofWork(Session& session, ProofTask task, std::function<void(Proofs)> done)
      : session_(session.shared_from_this()),
        material_(std::make_shared<Material>(Material{std::move(task), {}, {}, {}})),
        done_(std::move(done)) {
    if (lookups() != nullptr) material_->evidence = lookups()->evidence;
  }

  void start();

 private:
  [[nodiscard]] const Lookups* lookups() const noexcept { return session_->my.lookups; }
  void run();
  void on_proofs(Proofs proofs);
  void fetch_wanted(std::vector<EvidenceRequest> wanted);
  // Asks for one of several; `take` has the answer before run() goes on with all of them.
  using Take = std::function<void(const Answer&)>;
  void fetch(Fetches::Asker asker, const std::string& url, Octets body, Take take);
  void arrive();

  std::shared_ptr<Session> session_;
  std::shared_ptr<Material> material_;
  std::function<void(Proofs)> done_;
  std::size_t awaited_{};
  std::size_t rounds_{};
};

void ProofWork::start() {
  std::vector<CertificatePointer>& pointers = material_->task.pointers;
  const ProofTask& task = material_->task;
  if (lookups() == nullptr || !session_->my.settings.hash_and_url ||
      !may_need_certificates(task.peer->remote, task.authentication.method))
    pointers.clear();
  material_->objects.resize(pointers.size());
  awaited_ = 1;  // this function itself: answers may come at once
  for (std::size_t i = 0; i < pointers.size(); ++i) {
    material_->objects[i] = material_->evidence->object(pointers[i].hash);
    if (material_->objects[i]) continue;
    fetch(Fetches::Asker::Stranger, pointers[i].url, {}, [this, i](const Answer& answer) {
      if (*answer && (*answer)->size() <= FetchedEvidence::kMostObjectOctets)
        material_->objects[i] = **answer;
    });
  }
  arrive();
}

void ProofWork::run() {
  session_->compute<Proofs>(
      [material = material_, now = std::chrono::system_clock::now()] {
        return judge(*material, now);
      },
      [self = shared_from_this()](Proofs proofs) { self->on_proofs(std::move(proofs)); });
}

void ProofWork::on_proofs(Proofs proofs) {
  if (!proofs.belief || proofs.belief->wanted.empty()) return done_(std::move(proofs));
  if (++rounds_ <= kMostRounds) return fetch_wanted(std::move(proofs.belief->wanted));
  const Error refused = refusal(AuthenticationFailure::BadCredential,
                                "whether its certificates are revoked cannot be found out");
  done_({std::unexpected(refused), std::unexpected(refused)});
}

void ProofWork::fetch_wanted(std::vector<EvidenceRequest> wanted) {
  awaited_ = 1;
  for (EvidenceRequest& request : wanted) {
    const std::string url = request.url;
    const Octets body = request.body;
    fetch(Fetches::Asker::Signer, url, body,
          [this, request = std::move(request)](const Answer& answer) {
            material_->answers.emplace_back(request, answer);
          });
  }
  arrive();
}

void ProofWork::fetch(Fetches::Asker asker, const std::string& url, Octets body, Take take) {
  ++awaited_;
  lookups()->fetches.fetch(
      asker, url, std::move(body),
      [self = shared_from_this(), take = std::move(take)](const Answer& answer) {
        if (self->session_->dead()) return;
        take(answer);
        self->arrive();
      });
}

void ProofWork::arrive() {
  if (--awaited_ == 0) run();
}

}  // namespace

void work_out(Session& session, ProofTask task, std::function<void(Proofs)> done) {
  std::make_shared<ProofWork>(session, std::move(task), std::move(done))->start();
}

}  // namespace sallyport::ike
