#include "secrets/stores/folder.h"

#include <fcntl.h>
#include <unistd.h>

#include <atomic>
#include <thread>

#include "secrets/stores/store_test_support.h"

namespace signet::secrets {
namespace {

namespace fs = std::filesystem;

Result<std::optional<SecretBytes>> read(const TempFolder& folder, const std::string& name,
                                        FileRules rules = {}) {
  TRY(const Folder opened, Folder::open(folder.str()));
  return opened.read(name, rules);
}

TEST(Folder, reads_a_file_and_tells_an_absent_one_from_a_failure) {
  const TempFolder folder;
  folder.write("a", "content");
  EXPECT_EQ(as_text((*read(folder, "a").value()).view()), "content");
  EXPECT_FALSE(read(folder, "b").value().has_value());
  EXPECT_THAT(Folder::open(folder.str() + "/none"), fails("store_directory_missing"));
}

TEST(Folder, a_path_is_a_folder_and_a_name_in_it) {
  using Pair = std::pair<std::string, std::string>;
  EXPECT_EQ(split_path("/etc/signet/key.pem"), Pair("/etc/signet", "key.pem"));
  EXPECT_EQ(split_path("/key.pem"), Pair("/", "key.pem"));
  EXPECT_EQ(split_path("keys/key.pem"), Pair("keys", "key.pem"));
  EXPECT_EQ(split_path("key.pem"), Pair(".", "key.pem"));
}

TEST(Folder, a_link_out_of_the_folder_is_refused_sec_112_) {
  const TempFolder outside;
  outside.write("secret", "outside");
  const TempFolder folder;
  fs::create_symlink(outside / "secret", folder / "absolute");
  fs::create_symlink("../" + fs::path(outside.str()).filename().string() + "/secret",
                     folder / "relative");
  fs::create_directory_symlink(outside.str(), folder / "inner");
  for (const std::string name : {"absolute", "relative", "inner/secret", "../x"}) {
    EXPECT_THAT(read(folder, name), fails("secret_file_escapes")) << name;
  }
}

TEST(Folder, a_volume_link_out_of_the_folder_is_refused_sec_112_) {
  const TempFolder outside;
  const TempFolder folder;
  fs::create_directory_symlink(outside.str(), folder / "..data");
  EXPECT_THAT(Folder::open(folder.str()), fails("secret_file_escapes"));
}

TEST(Folder, a_link_inside_the_folder_is_followed) {
  const TempFolder folder;
  folder.write("v1/a", "content");
  fs::create_symlink("v1/a", folder / "a");
  EXPECT_EQ(as_text((*read(folder, "a").value()).view()), "content");
}

TEST(Folder, what_others_may_read_or_write_is_refused_sec_113_) {
  const TempFolder folder;
  FileRules by_group;
  by_group.group_readable = true;
  FileRules unsafe;
  unsafe.unsafe_permissions = true;
  for (const mode_t mode : {0644, 0604, 0606, 0602, 0660, 0620, 0666, 0601}) {
    folder.write("a", "content", mode);
    EXPECT_THAT(read(folder, "a"), fails("secret_file_permissions")) << mode;
    EXPECT_THAT(read(folder, "a", by_group), fails("secret_file_permissions")) << mode;
    EXPECT_THAT(read(folder, "a", unsafe), is_ok()) << mode;
  }
  folder.write("a", "content", 0440);
  EXPECT_THAT(read(folder, "a"), fails("secret_file_permissions"));
  EXPECT_THAT(read(folder, "a", by_group), is_ok());
  folder.write("a", "content", 0640);
  const auto refused = read(folder, "a");
  ASSERT_FALSE(refused.ok());
  EXPECT_NE(refused.error().detail.find("mode 0640"), std::string::npos);
  EXPECT_EQ(refused.error().detail.find("content"), std::string::npos);
}

TEST(Folder, refuses_the_mode_of_a_kubernetes_volume_with_its_remedies) {
  const TempFolder folder;
  folder.write("a", "content", 0644);
  const auto refused = read(folder, "a");
  ASSERT_FALSE(refused.ok());
  for (const char* remedy : {"chmod 600", "defaultMode: 0400", "fsGroup", "group_readable"})
    EXPECT_NE(refused.error().detail.find(remedy), std::string::npos) << refused.error().detail;
}

TEST(Folder, only_files_of_a_sane_size_are_read) {
  const TempFolder folder;
  folder.write("most", std::string(256 * 1024, 'x'));
  EXPECT_THAT(read(folder, "most"), is_ok());
  folder.write("more", std::string(256 * 1024 + 1, 'x'));
  EXPECT_THAT(read(folder, "more"), fails("secret_file_too_large"));
  ASSERT_EQ(::mkfifo((folder / "fifo").c_str(), 0600), 0);
  EXPECT_THAT(read(folder, "fifo"), fails("secret_file_not_regular"));
  fs::create_directory(folder / "folder");
  EXPECT_THAT(read(folder, "folder"), fails("secret_file_not_regular"));
}

TEST(Folder, replacing_by_rename_during_reads_gives_old_or_new_sec_112_) {
  const TempFolder folder;
  const std::string old_text(5000, 'o');
  const std::string new_text(9000, 'n');
  folder.write("a", old_text);
  constexpr int kReads = 100'000;
  std::atomic<bool> stop{false};
  std::thread writer([&] {
    for (bool is_new = true; !stop; is_new = !is_new) {
      folder.write("next", is_new ? new_text : old_text);
      fs::rename(folder / "next", folder / "a");
    }
  });
  const Folder opened = Folder::open(folder.str()).value();
  int wrong = 0;
  for (int i = 0; i < kReads; ++i) {
    const auto bytes = opened.read("a", FileRules{});
    if (!bytes || !*bytes) {
      ++wrong;
      continue;
    }
    const std::string_view text = as_text((*bytes)->view());
    if (text != old_text && text != new_text) ++wrong;
  }
  stop = true;
  writer.join();
  EXPECT_EQ(wrong, 0);
}

// A file that grows in place while it is read: what comes back is whole as of one moment.
TEST(Folder, a_file_written_in_place_is_read_whole_or_not_at_all_sec_112_) {
  const TempFolder folder;
  folder.write("a", "");
  std::atomic<bool> stop{false};
  std::thread writer([&] {
    const Fd file(::open((folder / "a").c_str(), O_WRONLY));
    const std::string block(4096, 'x');
    while (!stop) {
      if (::ftruncate(file.get(), 0) != 0) return;
      for (int i = 0; i < 8; ++i) {
        if (::pwrite(file.get(), block.data(), block.size(), i * 4096) < 0) return;
      }
    }
  });
  const Folder opened = Folder::open(folder.str()).value();
  int holes = 0;
  constexpr int kReads = 2'000;
  for (int i = 0; i < kReads; ++i) {
    const auto bytes = opened.read("a", FileRules{});
    if (!bytes) {
      EXPECT_THAT(bytes, fails("secret_file_changing"));
      continue;
    }
    const std::string_view text = as_text((*bytes)->view());
    if (text.find('\0') != text.npos || text.size() % 4096 != 0) ++holes;
  }
  stop = true;
  writer.join();
  EXPECT_EQ(holes, 0);
}

TEST(Folder, knows_when_the_volume_was_swapped) {
  const TempFolder folder;
  folder.write("..1/a", "old");
  folder.write("..2/a", "new");
  fs::create_directory_symlink("..1", folder / "..data");
  const Folder opened = Folder::open(folder.str()).value();
  EXPECT_TRUE(opened.is_current());
  fs::create_directory_symlink("..2", folder / "..next");
  fs::rename(folder / "..next", folder / "..data");
  EXPECT_FALSE(opened.is_current());
  EXPECT_EQ(as_text((*opened.read("a", FileRules{}).value()).view()), "old");
}

}  // namespace
}  // namespace signet::secrets
