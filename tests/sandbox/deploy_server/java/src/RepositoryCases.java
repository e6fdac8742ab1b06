import com.xebialabs.deployit.booter.remote.Proxies;
import com.xebialabs.deployit.engine.api.RepositoryService;
import com.xebialabs.deployit.engine.api.dto.ConfigurationItemId;
import com.xebialabs.deployit.engine.api.dto.ValidatedConfigurationItem;
import com.xebialabs.deployit.plugin.api.reflect.Type;
import com.xebialabs.deployit.plugin.api.udm.ConfigurationItem;

import java.util.Arrays;
import java.util.Collection;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;

/** Reads and writes of configuration items. */
final class RepositoryCases {
    private final RepositoryService repository;

    RepositoryCases(Proxies server) {
        this.repository = server.getRepositoryService();
    }

    Map<String, Check.Case> all() {
        Map<String, Check.Case> cases = new LinkedHashMap<>();
        cases.put("an_item_is_created_read_changed_and_deleted", this::lifeOfAnItem);
        cases.put("kinds_survive_the_round_trip", this::kinds);
        cases.put("a_list_is_created_and_read", this::lists);
        cases.put("query_and_candidates_give_references", this::queries);
        cases.put("rename_copy_and_move", this::relocation);
        cases.put("a_missing_item_is_a_deploy_exception", this::missingItem);
        cases.put("a_second_create_is_a_deploy_exception", this::secondCreate);
        cases.put("a_stale_token_is_a_deploy_exception", this::staleToken);
        cases.put("a_refused_item_comes_back_with_its_messages", this::refusedItem);
        cases.put("validate_gives_messages_and_stores_nothing", this::validateOnly);
        return cases;
    }

    private void lifeOfAnItem() {
        String id = "Environments/java";
        ConfigurationItem created = repository.create(id, Check.item("core.Directory", id));
        Check.expect(id.equals(created.getId()), "created " + created.getId());
        Check.expect(repository.exists(id), "not there after create");
        Check.expect("core.Directory".equals(repository.read(id).getType().toString()), "type");
        repository.delete(id);
        Check.expect(!repository.exists(id), "there after delete");
    }

    private void kinds() {
        String id = "Infrastructure/java-ssh";
        ConfigurationItem host = Check.item("overthere.SshHost", id);
        host.setProperty("os", "UNIX");
        host.setProperty("connectionType", "SFTP");
        host.setProperty("address", "198.51.100.7");
        host.setProperty("username", "someone");
        host.setProperty("password", "not shown");
        host.setProperty("port", 2222);
        host.setProperty("tags", new LinkedHashSet<>(Arrays.asList("a", "b")));
        repository.create(id, host);
        ConfigurationItem read = repository.read(id);
        Check.expect(Integer.valueOf(2222).equals(read.getProperty("port")), "port " + read.getProperty("port"));
        Collection<?> tags = read.getProperty("tags");
        Check.expect(tags.size() == 2 && tags.containsAll(Arrays.asList("a", "b")), "tags " + tags);
        String password = read.getProperty("password");
        Check.expect(password.startsWith("{b64}"), "password is not encrypted");
        String map = "Environments/java-dictionary";
        ConfigurationItem dictionary = Check.item("udm.Dictionary", map);
        dictionary.setProperty("entries", new LinkedHashMap<>(Collections.singletonMap("key", "<value> & more")));
        dictionary.setProperty("restrictToContainers", new LinkedHashSet<>(Collections.singletonList(read)));
        repository.create(map, dictionary);
        ConfigurationItem back = repository.read(map);
        Check.expect("<value> & more".equals(((Map<?, ?>) back.getProperty("entries")).get("key")), "entries");
        repository.update(id, read);
        Check.expect(password.equals(repository.read(id).getProperty("password")), "password changed by writing it back");
        repository.delete(map);
        repository.delete(id);
    }

    private void lists() {
        ConfigurationItem child = Check.item("udm.Environment", "Environments/java-list/child");
        ConfigurationItem parent = Check.item("core.Directory", "Environments/java-list");
        List<ConfigurationItem> created = repository.create(Check.list(child, parent)); // child first on purpose
        Check.expect(created.size() == 2, created.size() + " created");
        Check.expect(repository.read(Check.list(child.getId(), parent.getId())).size() == 2, "read");
        repository.deleteList(Check.list(child.getId(), parent.getId()));
        Check.expect(!repository.exists(parent.getId()), "there after delete");
    }

    private void queries() {
        repository.create("Infrastructure/java-local", Check.localHost("Infrastructure/java-local"));
        List<ConfigurationItemId> hosts = repository.query(
                Type.valueOf("udm.Container"), "Infrastructure", null, "java-%", null, null, 0, -1);
        Check.expect(Check.ids(hosts).contains("Infrastructure/java-local"), "query gave " + Check.ids(hosts));
        Check.expect("overthere.LocalHost".equals(hosts.get(0).getType().toString()), "type of the reference");
        List<ConfigurationItemId> candidates = repository.candidateValues(
                "members", "%java-local%", 0, -1, Check.item("udm.Environment", "Environments/java-not-there"));
        Check.expect(Check.ids(candidates).contains("Infrastructure/java-local"), "candidates " + Check.ids(candidates));
        repository.delete("Infrastructure/java-local");
    }

    private void relocation() {
        repository.create("Environments/java-one", Check.item("core.Directory", "Environments/java-one"));
        repository.rename("Environments/java-one", "java-two");
        Check.expect(repository.exists("Environments/java-two"), "not renamed");
        Check.expect("Environments/java-three".equals(
                repository.copy("Environments/java-two", "Environments/java-three").getId()), "id of the copy");
        repository.move("Environments/java-three", "Environments/java-two/three");
        Check.expect(repository.exists("Environments/java-two/three"), "not moved");
        repository.delete("Environments/java-two");
    }

    private void missingItem() {
        String text = Check.deployRefusal(() -> repository.read("Environments/java-nobody"));
        Check.expect(text.contains("Repository entity [Environments/java-nobody] not found"), text);
    }

    private void secondCreate() {
        repository.create("Environments/java-twice", Check.item("core.Directory", "Environments/java-twice"));
        String text = Check.deployRefusal(() ->
                repository.create("Environments/java-twice", Check.item("core.Directory", "Environments/java-twice")));
        repository.delete("Environments/java-twice");
        Check.expect(text.contains("already exists"), text);
    }

    private void staleToken() {
        String id = "Environments/java-stale";
        repository.create(id, Check.item("udm.Environment", id));
        ConfigurationItem mine = repository.read(id);
        repository.update(id, repository.read(id));
        String text = Check.deployRefusal(() -> repository.update(id, mine));
        repository.delete(id);
        Check.expect(text.contains("ItemConflictException"), text);
    }

    private void refusedItem() {
        String id = "Infrastructure/java-refused";
        ConfigurationItem host = Check.item("overthere.SshHost", id);
        host.setProperty("os", "UNIX"); // and no address
        ConfigurationItem answer = repository.create(id, host);
        Check.expect(answer instanceof ValidatedConfigurationItem, "no messages came back");
        Check.expect("address".equals(((ValidatedConfigurationItem) answer).getValidations().get(0).getPropertyName()),
                "message is about " + ((ValidatedConfigurationItem) answer).getValidations());
        Check.expect(!repository.exists(id), "stored all the same");
    }

    private void validateOnly() {
        String id = "Infrastructure/java-checked";
        ConfigurationItem host = Check.item("overthere.SshHost", id);
        host.setProperty("os", "UNIX");
        List<ConfigurationItem> answer = repository.validate(Check.list(host));
        Check.expect(answer.get(0) instanceof ValidatedConfigurationItem, "no messages");
        Check.expect(!repository.exists(id), "stored");
    }
}
